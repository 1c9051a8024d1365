"""One array task that suffers, in each instance, from another kind of fault; what follows it must not."""

from __future__ import annotations

import ctypes
import io
import os
import signal
import subprocess
import sys
import threading
from typing import Annotated

from noting import note

from reflow import Result, RunDir, TaskInterrupted, Workflow

wf = Workflow("faults")

MEGABYTE = "x" * (1 << 20)
HERE = os.getcwd()


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("this exception has no text")

    __repr__ = __str__


class NotAnException(BaseException):
    pass


def print_much() -> None:
    for _ in range(100):
        print(MEGABYTE)


def misfit() -> object:
    return {"a": [1], "b": [2, "three"]}


def too_large() -> object:
    return {"a": [0] * 3_000_000}


def raises() -> None:
    raise ValueError("no such grid\nsee the manual")


def raises_from() -> None:
    try:
        raises()
    except ValueError as error:
        raise OSError(5, "no data") from error


def raises_without_text() -> None:
    raise KeyError


def raises_at_length() -> None:
    raise ValueError("long " * 1_000_000)


def raises_unspeakable() -> None:
    raise Unspeakable


def raises_no_exception() -> None:
    raise NotAnException("base")


def recurses() -> None:
    recurses()


def exits_in_thread() -> object:
    thread = threading.Thread(target=sys.exit, args=(1,))
    thread.start()
    thread.join()
    return {"a": [1]}


def closes_output() -> object:
    sys.stdout.close()
    os.close(1)
    os.close(2)
    return {"a": [1]}


def closes_descriptors() -> object:
    os.closerange(3, 64)
    return {"a": [1]}


def moves_away() -> object:
    os.chdir("/")
    return {"a": [1]}


def stays() -> object:
    if os.getcwd() != HERE:
        raise RuntimeError(f"found itself in {os.getcwd()}")
    return {"a": [1]}


def leaves_a_child() -> object:
    child = subprocess.Popen(["sleep", "600"])
    child.returncode = 0  # nobody waits for it
    return {"pid": [child.pid]}


def leaves_a_thread() -> object:
    threading.Thread(target=threading.Event().wait).start()
    return {"a": [1]}


def replaces_output() -> object:
    sys.stdout = sys.stderr = io.StringIO()
    return {"a": [1]}


def takes_signals() -> object:
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT, signal.SIGIO, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    return {"a": [1]}


def comes_back_twice() -> object:
    if not os.fork():
        sys.stdout.flush()
    return {"a": [1]}


def interrupted() -> None:
    raise TaskInterrupted("by itself")


def ctrl_c() -> None:
    raise KeyboardInterrupt


KINDS = {
    "fine": lambda: {"a": [1]},
    "raises": raises,
    "raises_from": raises_from,
    "raises_without_text": raises_without_text,
    "raises_at_length": raises_at_length,
    "raises_unspeakable": raises_unspeakable,
    "raises_no_exception": raises_no_exception,
    "interrupted": interrupted,
    "ctrl_c": ctrl_c,
    "recurses": recurses,
    "exits": lambda: sys.exit(3),
    "exits_well": lambda: sys.exit(),
    "exits_with_text": lambda: sys.exit("bye\nbye"),
    "exits_in_thread": exits_in_thread,
    "prints_much": lambda: print_much() or {"a": [1]},
    "prints_bytes": lambda: sys.stdout.buffer.write(b"\xff\xfe\n") and {"a": [1]},
    "misfit": misfit,
    "nothing": lambda: None,
    "too_large": too_large,
    "moves_away": moves_away,
    "stays": stays,
    "closes_output": closes_output,
    "closes_descriptors": closes_descriptors,
    "comes_back_twice": comes_back_twice,
    "leaves_a_child": leaves_a_child,
    "leaves_a_thread": leaves_a_thread,
    "replaces_output": replaces_output,
    "takes_signals": takes_signals,
    "reads_input": lambda: {input(): [1]},
    "closes_input": lambda: os.close(0) or {"a": [1]},
    "os_exit": lambda: os._exit(5),
    "os_exit_well": lambda: os._exit(0),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda: ctypes.string_at(0),
}


@wf.job
def kinds(names: list[str]) -> list[str]:
    return names


@wf.array_job
def suffer(kind: Annotated[str, Result("kinds")], run_dir: RunDir = RunDir()) -> dict[str, list[int]]:
    note(run_dir, "suffer", kind)
    print(f"begin {kind}", flush=True)
    return KINDS[kind.split()[0]]()  # type: ignore[no-any-return]


@wf.array_job
def after_each(found: Annotated[dict[str, list[int]], Result("suffer")], run_dir: RunDir = RunDir()) -> int:
    note(run_dir, "after_each")
    return len(found)


@wf.job
def gather(found: Annotated[list[int], Result("after_each")], run_dir: RunDir = RunDir()) -> int:
    note(run_dir, "gather")
    return len(found)


@wf.job(after="suffer")
def afterwards(run_dir: RunDir = RunDir()) -> None:
    note(run_dir, "afterwards")


@wf.job
def elsewhere(names: list[str]) -> int:
    return len(names)


wide = Workflow("wide")


@wide.job
def numbers(width: int) -> list[int]:
    return list(range(width))


@wide.array_job
def each(n: Annotated[int, Result("numbers")], run_dir: RunDir = RunDir()) -> int:
    """Fail now and then, and kill the worker more rarely."""
    note(run_dir, n)
    if n % 401 == 400:
        os.kill(os.getpid(), signal.SIGKILL)
    if n % 97 == 96:
        raise ValueError(n)
    return -n


@wide.array_job
def doubled(n: Annotated[int, Result("each")]) -> int:
    return 2 * n
