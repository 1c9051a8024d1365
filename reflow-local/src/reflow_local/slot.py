"""One place for a worker: the process that is in it now, and what it is told."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Sequence
from itertools import count
from typing import Any

from reflow_local.order import Order
from reflow_local.process import WorkerProcess

_SERIALS = count(1)


class Slot:
    """The place of worker *k*. A process is started in it when there is work, and again after it died.

    Attributes:
        token: The request that it works for, or the last one.
        since: When it turned to that.
        kill_at: When its process is killed because it did not heed an interruption; 0 when there was none.
    """

    def __init__(self, number: int, poll: select.poll) -> None:
        self.number = number
        self.token = ""
        self.since = 0.0
        self.kill_at = 0.0
        self._poll = poll
        self._process: WorkerProcess | None = None
        self._serial = 0
        self._is_deaf = False
        self._awaits_more = False
        self._queue: list[str] = []  # tokens of the batches that it holds, oldest first

    @property
    def descriptors(self) -> set[int]:
        """What becomes readable when there is news."""
        process = self._process
        return set() if process is None else {process.reports, process.exit_handle}

    @property
    def needs_asking(self) -> bool:
        """Whether the end of its process must be asked for."""
        return self._process is not None and self._process.exit_handle < 0

    def start(self, argv: Sequence[str], log: str) -> None:
        """Start a process, unless there is one."""
        if self._process is None:
            self._process = process = WorkerProcess(argv, log)
            self._serial = next(_SERIALS)
            self._poll.register(process.reports, select.POLLIN)
            if process.exit_handle >= 0:
                self._poll.register(process.exit_handle, select.POLLIN)

    @property
    def load(self) -> int:
        """How many batches its process holds."""
        return len(self._queue)

    def did(self) -> None:
        """Take note that the process has come to the end of its oldest batch."""
        self._queue.pop(0)
        self.kill_at = 0.0

    def give(self, order: Order) -> None:
        """Hand the next batch of a request to the process."""
        request = order.request
        self.start(request.serve_argv, os.path.join(request.log_dir, f"{request.token}.0.log"))
        assert self._process is not None
        batch, element = order.take(self.number, self._serial)
        now = time.monotonic()
        if self.token != request.token:
            self.token, self.since = request.token, now
        order.served = now
        self._queue.append(request.token)
        self._awaits_more = order.has_work_for(self.number)
        self._process.send(
            {
                "run": request.directory,
                "element": element.number,
                "start": element.start,
                "from": batch.begin,
                "to": batch.end,
                "log": os.path.join(request.log_dir, f"{request.token}.{element.number}.log"),
                "skip": batch.skip,
                "budget": order.budget_s,
                "more": self._awaits_more,
            }
        )

    def rest(self) -> None:
        """Have the process seal what it did, if it waits for more and another worker took that."""
        if self._awaits_more and not self._queue and self._process is not None:
            self._awaits_more = False
            self._process.send({"seal": 1})

    def read(self) -> list[dict[str, Any]]:
        """Return what the process has reported."""
        process = self._process
        if process is None:
            return []
        messages = process.read()
        if process.has_closed and not self._is_deaf:  # user code may close what it likes
            self._is_deaf = True
            self._poll.unregister(process.reports)
        return messages

    def has_ended(self) -> bool:
        """Whether there is a process and it has ended."""
        return self._process is not None and self._process.reap()

    def take_death(self) -> tuple[str, int]:
        """Return why the process ended and how much memory it had held, and clear the place for the next."""
        process = self._process
        assert process is not None
        if not self._is_deaf:
            self._poll.unregister(process.reports)
        if process.exit_handle >= 0:
            self._poll.unregister(process.exit_handle)
        process.close()
        self._process, self.kill_at, self._is_deaf, self._awaits_more = None, 0.0, False, False
        self._queue.clear()
        return process.reason, process.peak_mib

    def interrupt(self, token: str, grace_s: float | None) -> None:
        """Make the process look at what was cancelled.

        Args:
            token: What was cancelled belongs to this request; the process is killed for it only while it works
                on that.
            grace_s: How long it has, or None to wait as long as it takes.
        """
        if self._process is not None:
            self._process.signal(signal.SIGUSR1)
            if grace_s is not None and self._queue and self._queue[0] == token:
                self.kill_at = self.kill_at or time.monotonic() + grace_s

    def kill_if_due(self, reason: str) -> None:
        """Kill a process that did not heed an interruption."""
        if self._process is not None and self.kill_at and time.monotonic() >= self.kill_at:
            self.kill_at = 0.0
            self._process.kill(reason)

    def ask_to_end(self) -> None:
        """Tell the process that there is no more to do, and interrupt what it does."""
        if self._process is not None:
            self._process.close_commands()
            if self._queue:
                self._process.signal(signal.SIGTERM)

    def end(self, until: float) -> None:
        """Wait for the end of the process, and make one if that does not come."""
        process = self._process
        if process is not None:
            if not process.wait(until):
                process.kill("")
                process.wait(time.monotonic() + 5.0)
            self.take_death()
