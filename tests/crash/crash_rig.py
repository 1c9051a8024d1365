"""Runs that are stopped at a chosen system call, gone on with, and compared with an undisturbed one."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import threading
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

from crash_faults import Fault
from crash_scene import Before, Picture, Scene, processes_of

AT_ONCE = max(2, len(os.sched_getaffinity(0)))  #: points that are tried side by side
ENOUGH = 5  #: failures after which no further point is tried
BY_COMMAND = 16  #: every so many-th run is gone on with by the command itself, the others in this process


class Rig:
    """Makes scenes, and tries faults in them."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._numbers = itertools.count(1)

    def scene(self, flow: str = "three_steps.py", workers: int = 1) -> Scene:
        """Return a new one."""
        return Scene(self._place / str(next(self._numbers)), flow, workers)

    @cached_property
    def undisturbed(self) -> Picture:
        """What comes of a run that nothing happens to."""
        scene = self.scene()
        assert scene.submit().code == 0
        return scene.picture()

    def stopped(self, scene: Scene) -> Before:
        """See what is there once a command has ended; submit again if it made no run."""
        assert not scene.wait_until_alone(), "workers outlive their driver"
        if not scene.exists:
            assert scene.submit().code == 0
        return Before(scene.recorded, scene.calls)

    def verify(self, scene: Scene, before: Before) -> None:
        """Check that all is as in an undisturbed run, and that nothing that was recorded ran again."""
        assert scene.picture() == self.undisturbed
        calls = scene.calls
        assert sorted(calls) == ["convert-0", "convert-1", "convert-2", "finalize", "prepare"]
        assert {name: calls[name] for name in before.recorded} == {
            name: before.calls[name] for name in before.recorded
        }
        assert not scene.stray()
        assert not processes_of(scene.run_dir)

    def try_submit(self, fault: Fault, workers: int) -> bool:
        """Submit under a fault, go on, verify; return whether the fault came."""
        scene = self.scene(workers=workers)
        ended = scene.submit(fault)
        assert ended.code in (0, 3, -signal.SIGKILL), ended
        before = self.stopped(scene)
        if fault.n % BY_COMMAND == 1:
            assert scene.advance().code == 0
        else:
            scene.go_on()
        self.verify(scene, before)
        shutil.rmtree(scene.place)
        return ended.was_hit

    def try_twice(self, first: Fault, second: Fault) -> bool:
        """Submit under one fault, advance under another, go on, verify; return whether the second one came."""
        scene = self.scene()
        scene.submit(first)
        before = self.stopped(scene)
        ended = scene.advance(second)
        between = self.stopped(scene)
        scene.go_on()
        self.verify(scene, before)
        self.verify(scene, between)
        shutil.rmtree(scene.place)
        return ended.was_hit

    def try_worker(self, fault: Fault) -> bool:
        """Submit with a worker that a fault comes to, verify; return whether it came."""
        scene = self.scene()
        scene.replace_python(fault)
        assert scene.submit().code == 0
        before = self.stopped(scene)
        assert set(before.calls.values()) == {1}
        self.verify(scene, before)
        was_hit = scene.was_hit
        shutil.rmtree(scene.place)
        return was_hit

    def sweep(self, call: str, what: str, *, start: int = 1, step: int = 1, workers: int = 1) -> int:
        """Try a fault at every n until it does not come any more; return how many came."""
        faults = (Fault(call, what, n) for n in itertools.count(start, step))
        return self.try_all(faults, lambda fault: self.try_submit(fault, workers))

    def sweep_worker(self, call: str, what: str) -> int:
        """Try a fault in a worker at every n until it does not come any more; return how many came."""
        return self.try_all((Fault(call, what, n) for n in itertools.count(1)), self.try_worker)

    def try_all(self, points: Iterable[Any], act: Callable[[Any], bool], *, to_the_end: bool = False) -> int:
        """Try points side by side; return how many came true.

        Args:
            act: Tries one and returns whether it came; raises when something is wrong after it.
            to_the_end: Whether to go on behind a point that did not come.
        """
        assert self.undisturbed
        wrong: list[str] = []
        came: list[Any] = []
        over: list[Any] = []
        left = iter(points)
        lock = threading.Lock()

        def work() -> None:
            while len(wrong) < ENOUGH and (to_the_end or not over):
                with lock:
                    point = next(left, None)
                if point is None:
                    return
                try:
                    (came if act(point) else over).append(point)
                except Exception:  # told below, with all others
                    wrong.append(f"{point}\n{traceback.format_exc()}")

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for worker in [pool.submit(work) for _ in range(AT_ONCE)]:
                worker.result()
        assert not wrong, "\n\n".join(wrong)
        return len(came)
