"""Results as the JSON that other programs expect."""

import json

import pytest
from hypothesis import given

from reflow.testing.strategies import tagged_values
from reflow.view.plain_json import plain_json


@pytest.mark.parametrize(
    ("tagged", "plain"),
    [
        (None, None),
        ([1, "a", True], [1, "a", True]),
        ({"$float": "1.5"}, 1.5),
        ({"$float": "nan"}, "nan"),
        ({"$float": "-inf"}, "-inf"),
        ({"$path": ["/a/b", None]}, "/a/b"),
        ({"$tuple": [1, {"$float": "2.0"}]}, [1, 2.0]),
        ({"$str": "\\udcff"}, "\udcff"),
        ({"$dict": [["a", {"$tuple": []}]]}, {"a": []}),
        ({"$dict": [["a", 1], [{"$str": "\\udcff"}, 2]]}, {"a": 1, "\udcff": 2}),
        ({"$record": ["m:Point", {"x": {"$float": "1.0"}}]}, {"x": 1.0}),
        ({"$enum": ["m:Colour", "RED"]}, "RED"),
        ({"$date": "2025-01-01"}, "2025-01-01"),
        ({"$dict": [[1, 2]]}, {"$dict": [[1, 2]]}),
        ({"$complex": ["1.0", "2.0"]}, {"$complex": ["1.0", "2.0"]}),
    ],
    ids=str,
)
def test_a_value_has_the_form_that_json_has_for_it(tagged, plain):
    assert plain_json(tagged) == plain


@given(tagged_values())
def test_every_value_is_strict_json(tagged):
    json.dumps(plain_json(tagged), allow_nan=False)
