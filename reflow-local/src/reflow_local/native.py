"""Native ids of this machine's requests, and what is left of those whose driver is gone."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

from reflow.plugin import ProcessId, this_process


class NativeId(NamedTuple):
    """Who drives a request, and by which command line its workers are known."""

    driver: ProcessId
    count: int
    command: int
    number: int

    def text(self) -> str:
        """Return it as the text that is recorded."""
        return json.dumps([*self.driver, self.count, self.command, self.number], separators=(",", ":"))

    def leftovers(self) -> list[int]:
        """Return the workers of a dead driver that have not ended yet; none while it lives."""
        if self.driver.is_gone() is not True:
            return []
        return [pid for pid in _own_processes() if _command_of(pid) == self.command]


def native_id(count: int, serve_argv: Sequence[str], number: int) -> NativeId:
    """Return the id of a request that this process drives."""
    return NativeId(this_process(), count, _digest(serve_argv), number)


def parse_native_id(text: str) -> NativeId | None:
    """Return what an id says, or None when it is not one of these."""
    try:
        host, boot, pid, started, count, command, number = json.loads(text)
    except (ValueError, TypeError):
        return None
    return NativeId(ProcessId(host, boot, pid, started), count, command, number)


def _digest(argv: Sequence[str]) -> int:
    return crc32("\0".join(argv).encode("utf-8", "surrogateescape"))


def _own_processes() -> list[int]:
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit() and _is_mine(name):
            found.append(int(name))
    return found


def _is_mine(pid: str) -> bool:
    try:
        return os.stat(f"/proc/{pid}").st_uid == os.geteuid()
    except OSError:
        return False


def _command_of(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return crc32(file.read().rstrip(b"\0"))
    except OSError:
        return None
