"""A flow of any shape comes to what the table of wiring says, on one machine."""

from __future__ import annotations

from hypothesis import given, settings
from shapes import check_shapes, descriptions


@settings(max_examples=8)
@given(description=descriptions())
def test_a_flow_of_any_shape_comes_to_what_the_table_says(
    description, executor, flows, labs, tmp_path_factory
):
    check_shapes([description], labs(tmp_path_factory.mktemp("any"), executor), flows("any_flow"))
