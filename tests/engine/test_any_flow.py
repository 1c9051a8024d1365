"""A flow of any shape comes to what the table of wiring says, on a cluster in memory."""

from __future__ import annotations

import importlib
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import lab
import pytest
from hypothesis import given, settings
from memory_run import MemorySite
from shapes import check_shapes, descriptions

_numbers = itertools.count()


class MemoryLab:
    """A user whose runs are on a cluster in memory, of which any may be going at once."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._site = MemorySite(str(place))

    def submit_all(self, workflows):
        with self._site.clock():
            runs = [self._submitted(workflow) for workflow in workflows]
            self._site.come_to_an_end()
        return runs

    def retry_all(self, runs):
        with self._site.clock():
            for seen in runs:
                seen.run.retry()
            self._site.come_to_an_end()

    def _submitted(self, workflow):
        folder = self._place / f"run{next(_numbers)}"
        return lab.Seen(self._site.submit(workflow, folder), folder)


@pytest.fixture(scope="module")
def any_flow() -> Iterator[ModuleType]:
    """The flows, imported as a script in their directory would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(lab.__file__).parent / "flows"))
        yield importlib.import_module("any_flow")


@settings(max_examples=100)
@given(description=descriptions())
def test_a_flow_of_any_shape_comes_to_what_the_table_says_in_memory_too(description, any_flow):
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="reflow-any-", dir=memory) as place:
        check_shapes([description], MemoryLab(Path(place)), any_flow)
