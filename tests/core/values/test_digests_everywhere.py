"""Equal values digest equally in any process, on any Python that is supported and with any hash seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[3] / "reflow-core" / "src"
SEEDS = ("0", "1", "4242", "random")
MODULE = '''
import datetime, enum, json, sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from reflow.graph.code import codes_of
from reflow.values.codec import codec
from reflow.values.digests import value_digest


class One(enum.Enum):
    ONE = 1


class Colour(enum.Flag):
    RED = 1
    BLUE = 2


@dataclass
class Box:
    label: str
    sizes: set


class Pair(NamedTuple):
    a: int
    b: float


ONES = {
    "int": 1, "float": 1.0, "bool": True, "str": "1", "bytes": b"1", "Path": Path("1"), "tuple": (1,), "list": [1],
    "set": {1}, "Enum": One.ONE,
}
WORDS = ["b.nc", "a.nc", "ä", "\\U0001f30d", "", "a", "B"]
ALIKE = {
    "NaN": [float("nan"), -float("nan"), float("inf") - float("inf")],
    "a dict in any order": [dict(a=1, b={"x": 1, "y": 2}), dict(b={"y": 2, "x": 1}, a=1)],
    "a set in any order": [set(WORDS), set(reversed(WORDS))],
    "a frozenset in any order": [frozenset(WORDS), frozenset(sorted(WORDS))],
    "a record of a set": [Box("a", set(WORDS)), Box("a", set(sorted(WORDS)))],
    "a float by another sum": [0.5, 0.25 + 0.25],
    "an instant": [datetime.datetime(2025, 1, 1, 12), datetime.datetime(2025, 1, 1) + datetime.timedelta(hours=12)],
    "flags": [Colour.RED | Colour.BLUE, Colour.BLUE | Colour.RED],
}
OTHERS = {
    "a list and its reverse": [[1, 2], [2, 1]],
    "a tuple and its reverse": [(1, 2), (2, 1)],
    "floats": [0.1, 0.2, 0.1 + 0.2, 0.3, 1e-320, 1e308, -0.0, 0.0],
    "numbers beyond 64 bits": [2**64, 2**64 + 1, -(2**64), 10**700],
    "texts": [*WORDS, "\\udcff", "e\\u0301", "\\u00e9"],
    "others": [None, Pair(1, 2.0), Decimal("1.0"), Decimal("1"), UUID(int=1), datetime.date(2025, 1, 1), 1j],
    "empty": [{}, [], (), set(), frozenset(), "", b""],
}


def task(x: int, *, words: "list[str]" = []) -> str:
    """A docstring."""
    total = sum(y * 2 for y in range(x) if y not in (1, 2))  # a comment
    with open("a") as one, open("b") as other:
        found = {**{w: len(w) for w in words}, "total": total}
    try:
        return f"{found!r:>10} {one.name + 'x'} {'nested %s' % other} {x:.3f}"
    except (ValueError, KeyError) as error:
        raise RuntimeError(error) from None
    finally:
        lambda a, /, b=1, *c, d: (a, b, c, d)


def digests(values):
    return [value_digest(codec(Any).encode(value)).hex() for value in values]


if __name__ == "__main__":
    import everywhere as own  # so that classes have the name of a module

    told = {
        "ones": digests(own.ONES.values()),
        "alike": {name: digests(values) for name, values in own.ALIKE.items()},
        "others": {name: digests(values) for name, values in own.OTHERS.items()},
        "code": codes_of({"task": own.task})["task"].hash,
        "python": "%d.%d" % sys.version_info[:2],
    }
    print(json.dumps(told))
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("everywhere")
    (folder / "everywhere.py").write_text(MODULE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def told(folder):
    """What a process of an interpreter says of all values, with a hash seed."""

    def told(python, seed):
        ran = subprocess.run(
            [python, "everywhere.py"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(SOURCES), "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return told


@pytest.fixture(scope="module")
def here(told):
    return told(sys.executable, "0")


def test_values_that_are_all_one_in_some_way_are_all_different(here):
    assert len(set(here["ones"])) == 10


def test_what_is_equal_digests_equally(here):
    assert {name: len(set(digests)) for name, digests in here["alike"].items()} == dict.fromkeys(
        here["alike"], 1
    )


def test_what_differs_digests_differently(here):
    assert {name: len(digests) - len(set(digests)) for name, digests in here["others"].items()} == (
        dict.fromkeys(here["others"], 0)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_every_python_and_hash_seed_comes_to_the_same_digests_and_hash_of_code(told, here, interpreter, seed):
    there = told(interpreter, seed)

    assert {**there, "python": None} == {**here, "python": None}
    assert here["code"]
