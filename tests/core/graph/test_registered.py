"""What is called counts where it was put into a list before, wherever that was, and whoever goes through the list."""

from __future__ import annotations

import pytest

PROJECT = """
# config
L, STEPS, NAMED = [], [], {{}}

def step(f):
    STEPS.append(f)
    return f

def named(name):
    def put(f):
        NAMED[name] = f
        return f
    return put

class Registry:
    def __init__(self):
        self.known = []

    def put(self, f):
        self.known.append(f)
        return f

    def run(self):
        for one in self.known:
            one()

REGISTRY = Registry()

def run_all():
    for one in STEPS:
        one()

def run_each(steps):
    for one in steps:
        one()
# steps
from .config import L, NAMED, REGISTRY, STEPS, named, step
{put}
# other
from . import steps
from .config import *
{call}
# model
from .config import L

def run(x):
    return L
"""
PUT = {
    "by a decorator": "@step\ndef first():\n    L.append(NN)",
    "by a statement": "def first():\n    L.append(NN)\nSTEPS.append(first)",
    "as an object": "class First:\n    def __call__(self):\n        L.append(NN)\nSTEPS.append(First())",
    "as a lambda": "STEPS.append(lambda: L.append(NN))",
    "with what it calls": "def fill():\n    L.append(NN)\n\n@step\ndef first():\n    fill()",
}
CALL = {
    "in a loop": "for one in STEPS:\n    one()",
    "in a loop through a copy": "for one in list(STEPS):\n    one()",
    "one by one": "STEPS[-1]()",
    "in a comprehension": "DONE = [one() for one in STEPS]",
    "in a function": "run_all()",
    "in a function that is given them": "run_each(STEPS)",
    "in a function of its own": "def go():\n    for number, one in enumerate(STEPS):\n        one()\ngo()",
    "the last": "STEPS.pop()()",
}


@pytest.mark.parametrize("put", PUT)
@pytest.mark.parametrize("call", CALL)
def test_what_was_put_into_a_list_counts_where_all_of_it_is_called(versions, put, call):
    values, (one, other) = versions(PROJECT.format(put=PUT[put], call=CALL[call]))

    assert values[0] != values[1]
    assert one.hash != other.hash


@pytest.mark.parametrize(
    ("put", "call"),
    [
        ("@step\ndef first():\n    step(second)\n\ndef second():\n    L.append(NN)", CALL["in a loop"]),
        ("@step\ndef first():\n    step(second)\n\ndef second():\n    L.append(NN)", CALL["in a function"]),
        ("@named('first')\ndef first():\n    L.append(NN)", "for name, one in NAMED.items():\n    one()"),
        ("@named('first')\ndef first():\n    L.append(NN)", "NAMED['first']()"),
        ("@named('first')\ndef first():\n    L.append(NN)", "name = 'first'\nNAMED.get(name)()"),
        ("@REGISTRY.put\ndef first():\n    L.append(NN)", "REGISTRY.run()"),
        ("@REGISTRY.put\ndef first():\n    L.append(NN)", "for one in REGISTRY.known:\n    one()"),
    ],
)
def test_what_was_put_into_a_table_counts_where_it_is_called(versions, put, call):
    values, (one, other) = versions(PROJECT.format(put=put, call=call))

    assert values[0] != values[1]
    assert one.hash != other.hash


def test_what_was_put_into_a_list_and_is_called_by_nobody_does_not_count(versions):
    values, (one, other) = versions(PROJECT.format(put=PUT["by a decorator"], call="N = len(STEPS)"))

    assert values[0] == values[1]
    assert one.hash == other.hash
