"""A flow of any shape comes to what the table of wiring says, on a real cluster."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import lab
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes import check_shapes, descriptions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


class SlurmLab(lab.Lab):
    """A user whose runs are on a cluster at once, where nobody drives them."""

    def __init__(self, place: Path) -> None:
        super().__init__(place, "slurm")

    def submit_all(self, workflows):
        return self._over([self.submit(workflow, wait=False) for workflow in workflows])

    def retry_all(self, runs):
        with self.home():
            for seen in runs:
                seen.run.retry()
        self._over(runs)

    def _over(self, runs):
        for seen in runs:
            seen.run.wait(100.0)
        return runs


@pytest.fixture(scope="module")
def any_flow() -> Iterator[ModuleType]:
    """The flows, imported as a script in their directory would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(lab.__file__).parent / "flows"))
        yield importlib.import_module("any_flow")


@settings(max_examples=3)
@given(described=st.lists(descriptions(), min_size=4, max_size=4))
def test_flows_of_any_shape_come_to_what_the_table_says_on_a_cluster_too(
    described, any_flow, accounted, monkeypatch, tmp_path_factory
):
    monkeypatch.setenv("SLURM_CONF", accounted.conf)
    check_shapes(described, SlurmLab(tmp_path_factory.mktemp("any")), any_flow)
