"""What a resident worker and its executor say to each other: a JSON object per line, over inherited pipes.

To the worker, on descriptor 0::

    {"run": directory, "element": e, "start": s, "from": a, "to": b, "log": path}   a batch of positions
        "skip": true      leave out what an earlier start of this element has begun
        "budget": 0.05    after so many seconds, hand back what was not begun
        "more": true      another batch follows at once: do not seal in between
    {"seal": 1}                                                                     seal now

From the worker, on descriptor 3::

    {"ready": pid}
    {"did": [token, element, a, x], "spent": seconds}    positions a to x; x < b hands back the rest
    {"sealed": [token, element, start, [names], lines]}  all that was done before is in sealed segments
    {"fatal": text}                                      it cannot work, and ends

End of file on descriptor 0 means: finish the instance at hand and leave. Descriptor 4 is the reading end of a
pipe that nobody writes to: when the executor dies, however it does, the kernel raises SIGIO in the worker.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
from typing import Any

from reflow.filesystem.files import copied_up, moved_up

COMMANDS, REPORTS, LIFE = 0, 3, 4  #: descriptors as they are inherited


class Channel:
    """The worker's end. Its descriptors are moved out of the way at once, and no child inherits them."""

    def __init__(self) -> None:
        self._commands = copied_up(COMMANDS)
        self._reports = moved_up(REPORTS)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, COMMANDS)
        os.close(null)
        self._poll = select.poll()
        self._poll.register(self._commands, select.POLLIN)
        self._rest = b""
        self._queue: list[dict[str, Any]] = []
        self.closed = False
        watch_life()

    def send(self, message: dict[str, Any]) -> None:
        """Tell the executor something; when it is gone, there is nobody to be told."""
        data = json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            while data:
                data = data[os.write(self._reports, data) :]
        except OSError:
            self.closed = True

    def next(self, timeout_s: float | None) -> dict[str, Any] | None:
        """Return the next command, waiting at most so long (None: for ever); None when there is none."""
        if not self._queue and not self.closed and self._is_readable(timeout_s):
            self._read()
        return self._queue.pop(0) if self._queue else None

    def look(self) -> None:
        """Take in what has arrived, without waiting: end of file above all."""
        if not self.closed and self._is_readable(0):
            self._read()

    def _is_readable(self, timeout_s: float | None) -> bool:
        return bool(self._poll.poll(None if timeout_s is None else timeout_s * 1000))

    def _read(self) -> None:
        try:
            data = os.read(self._commands, 1 << 16)
        except OSError:  # user code closed it, counting far
            data = b""
        if not data:
            self.closed = True
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._queue += [json.loads(line) for line in lines]


def watch_life() -> None:
    """Have SIGIO raised here when the process dies that holds the other end of `LIFE`."""
    with contextlib.suppress(OSError):  # an executor may leave it out
        life = moved_up(LIFE)
        fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
        if select.select([life], [], [], 0)[0]:  # it died while this process was starting
            os._exit(0)
