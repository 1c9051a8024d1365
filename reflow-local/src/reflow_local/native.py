"""Native ids of this machine's requests, which say who drives them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence

from reflow.plugin import NamedTuple, ProcessId, this_process
from reflow_local.leftovers import command_digest, find_leftovers


class NativeId(NamedTuple):
    """Who drives a request, and by which command line its workers are known."""

    driver: ProcessId
    elements: int
    command: int
    number: int

    def text(self) -> str:
        """Return it as the text that is recorded."""
        return json.dumps([*self.driver, self.elements, self.command, self.number], separators=(",", ":"))

    def leftovers(self) -> list[int]:
        """Return the workers of a dead driver that have not ended yet; none while it lives."""
        return find_leftovers(self.command) if self.driver.is_gone() else []

    def interrupt_leftovers(self) -> None:
        """Ask the workers of a dead driver to end."""
        for pid in self.leftovers():
            os.kill(pid, signal.SIGTERM)


def native_id(count: int, serve_argv: Sequence[str], number: int) -> NativeId:
    """Return the id of a request that this process drives."""
    return NativeId(this_process(), count, command_digest(serve_argv), number)


def parse_native_id(text: str) -> NativeId | None:
    """Return what an id says, or None when it is not one of these."""
    try:
        host, boot, pid, started, count, command, number = json.loads(text)
    except (ValueError, TypeError):
        return None
    return NativeId(ProcessId(host, boot, pid, started), count, command, number)
