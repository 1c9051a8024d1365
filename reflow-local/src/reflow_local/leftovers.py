"""Workers that outlive their driver for a moment, found by what /proc says of them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from zlib import crc32

from reflow.plugin import ProcessId, this_process

DRIVER = "REFLOW_DRIVER"  #: names the driver in the environment of its workers
GRACE_S = 5.0  #: how long they have to write down that they were interrupted


def driver_entry() -> dict[str, str]:
    """Return what the environment of this process's workers says of their driver."""
    return {DRIVER: json.dumps(this_process(), separators=(",", ":"))}


def command_digest(argv: Sequence[str]) -> int:
    """Return a number for a command line; a script that stands for the interpreter gives way to the real one."""
    return crc32("\0".join(argv[1:]).encode("utf-8", "surrogateescape"))


def find_leftovers(command: int) -> list[int]:
    """Return the processes of this user that run a command for a driver that is gone."""
    return [pid for pid, driver in _workers(command) if driver is None or driver.is_gone()]


def end_leftovers(command: int) -> None:
    """End the workers of all other drivers, and return when they are gone."""
    found = [pid for pid, driver in _workers(command) if driver is None or driver.pid != os.getpid()]
    for number, patience_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, GRACE_S)):
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        found = _outlasting(found, time.monotonic() + patience_s)


def _outlasting(pids: list[int], until: float) -> list[int]:
    while pids and time.monotonic() < until:
        pids = [pid for pid in pids if _is_alive(pid)]
        if pids:
            time.sleep(0.01)
    return pids


def _workers(command: int) -> Iterator[tuple[int, ProcessId | None]]:
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit() and _is_mine(name) and _command(name) == command:
            yield int(name), _driver(_read(name, "environ"))


def _command(pid: str) -> int:
    _, _, arguments = _read(pid, "cmdline").rstrip(b"\0").partition(b"\0")
    return crc32(arguments)


def _driver(environment: bytes) -> ProcessId | None:
    for entry in environment.split(b"\0"):
        name, _, value = entry.partition(b"=")
        if name == DRIVER.encode():
            with contextlib.suppress(ValueError, TypeError):
                return ProcessId(*json.loads(value))
    return None


def _is_mine(pid: str) -> bool:
    try:
        return os.stat(f"/proc/{pid}").st_uid == os.geteuid()
    except OSError:
        return False


def _is_alive(pid: int) -> bool:
    return _read(str(pid), "stat").rpartition(b")")[2].split()[:1] not in ([], [b"Z"], [b"X"])


def _read(pid: str, name: str) -> bytes:
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""
