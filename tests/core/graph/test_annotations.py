"""What is read of annotations while a task runs is code."""

from __future__ import annotations

import pytest

CONFIG = """
# config
from typing import Annotated, get_type_hints

class Times:
    def __init__(self, n):
        self.n = n

def checked(f):
    (behind,) = get_type_hints(f, include_extras=True)["x"].__metadata__
    return lambda x: f(x) * getattr(behind, "n", behind)
{}
# model
from .config import helper

def run(x):
    return helper(x)
"""


@pytest.mark.parametrize(
    "helper",
    [
        "@checked\ndef helper(x: Annotated[int, NN]):\n    return x\n",
        "@checked\ndef helper(x: Annotated[int, Times(NN)]):\n    return x\n",
        "N = NN\n@checked\ndef helper(x: 'Annotated[int, Times(N)]'):\n    return x\n",
        "X = Annotated[int, Times(NN)]\n@checked\ndef helper(x: X):\n    return x\n",
        "class C:\n    @checked\n    def go(x: Annotated[int, NN]):\n        return x\nhelper = C.go\n",
    ],
)
def test_what_a_decorator_reads_in_the_annotations_of_a_helper_is_code(versions, helper):
    values, (one, other) = versions(CONFIG.format(helper))

    assert values[0] != values[1]
    assert one.hash != other.hash
