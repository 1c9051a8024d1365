"""What is given from Python passes the same checks as what is typed."""

from __future__ import annotations

from typing import Annotated, Optional

import pytest

from reflow import Param, Workflow
from reflow.errors import ParameterError
from reflow.graph.given import given_parameters
from reflow.values.shapes import no_adapters


def given(wf, **values):
    return given_parameters(wf.graph(), wf.tasks, values, no_adapters)


@pytest.fixture
def workflow():
    wf = Workflow("w")

    @wf.job
    def one(
        names: Annotated[list[str], Param(choices=["a", "b"])] = ["a"],  # noqa: B006  # as users write it
        model: Annotated[Optional[str], Param(choices=["era5"])] = None,
    ) -> int:
        return 1

    return wf


def test_each_item_of_a_list_is_one_of_its_choices(workflow):
    assert given(workflow, names=["b", "a"]).parameters["names"] == ["b", "a"]
    with pytest.raises(ParameterError, match="names 'c' is none of: 'a', 'b'"):
        given(workflow, names=["a", "c"])


def test_none_leaves_an_optional_out_whatever_its_choices_are(workflow):
    assert given(workflow, model=None).parameters["model"] is None
