"""What methods do counts where nobody says whose they are: Python calls them, or the objects of a list are many."""

from __future__ import annotations

import pytest

from reflow.graph.code import codes_of

PROJECT = """
# config
from contextlib import contextmanager
from functools import partial
L = []

class Meter:
    known = []
    kind = 0

    def __init__(self, n=0):
        self.n = n

    @property
    def size(self):
        L.append(self.n)
        return 0

    @size.setter
    def size(self, n):
        L.append(n)

    def put(self, n):
        L.append(n)
        return self

    def keep(self, n):
        self.n = n
        return n

    def share(self, n):
        self.known.append(n)
        return n

{method}

class Outer:
    def __init__(self):
        self.inner = Meter()

class Base:
    def __init__(self, n):
        self.setup(n)

    def setup(self, n):
        pass

class Sub(Base):
    def setup(self, n):
        L.append(n)

class Maker(type):
    def __new__(meta, name, bases, body):
        L.append(body.get("w"))
        return super().__new__(meta, name, bases, body)

class Made(metaclass=Maker):
    pass

class Told:
    shared = []

    def __init_subclass__(cls, **kinds):
        L.append(getattr(cls, "w", kinds))

class Item:
    def __init__(self, n):
        L.append(n)

def meter():
    return Meter(1)

def local():
    class Local:
        def __getitem__(self, k):
            L.append(k)

        def hold(self, n):
            L.append(n)
    return Local()

def ping(n):
    if n:
        pong(n - 1)
    L.append(n)

def pong(n):
    if n:
        ping(n - 1)

m = Meter()
one, two = Meter(), Meter()
outer, made = Outer(), meter()
box = local()
METERS = {{"a": Meter()}}
put = m.put
put_it = partial(m.put)
# other
import types
from copy import deepcopy
from pathlib import Path
from . import config
from .config import *
{statement}
# model
from .config import L, METERS, Meter, Told, made, outer, two

def run(x):
    return L, METERS["a"].n, two.n, made.n, outer.inner.n, Meter.known, Meter.kind, Told.shared
"""


def project(statement, method=""):
    return PROJECT.format(statement=statement, method=f"    {method}")


BY_PYTHON = {
    "m['a'] = NN": "def __setitem__(self, k, v): L.append(v)",
    "del m[NN]": "def __delitem__(self, k): L.append(k)",
    "ONE = m[NN]": "def __getitem__(self, k): L.append(k)",
    "m += NN": "def __iadd__(self, n): L.append(n); return self",
    "config.m |= NN": "def __ior__(self, n): L.append(n); return self",
    "ONE = m + NN": "def __add__(self, n): L.append(n); return self",
    "m << NN": "def __lshift__(self, n): L.append(n)",
    "ONE = NN * m": "def __rmul__(self, n): L.append(n)",
    "two @ NN": "def __matmul__(self, n): self.n = n",
    "ONE = two @ NN": "def __matmul__(self, n): self.n = n",
    "ONE = NN in m": "def __contains__(self, n): L.append(n)",
    "ONE = m < NN": "def __lt__(self, n): L.append(n)",
    "ONE = -Meter(NN)": "def __neg__(self): L.append(self.n)",
    "for _ in Meter(NN):\n    pass": "def __iter__(self): L.append(self.n); return iter(())",
    "ONE = [*(_ for _ in Meter(NN))]": "def __iter__(self): L.append(self.n); return iter(())",
    "with Meter(NN):\n    pass": "def __enter__(self): L.append(self.n)\n    def __exit__(self, *a): pass",
    "with Meter(NN) as n:\n    ONE = 1": "def __enter__(self): Meter.kind = self.n\n    def __exit__(self, *a): pass",
    "with Meter(NN):\n    ONE = 1": "def __enter__(self): pass\n    def __exit__(self, *a): self.known.append(self.n)",
    "config.m.depth = NN": "def __setattr__(self, k, v): L.append(v); self.__dict__[k] = v",
    "m.depthNN": "def __getattr__(self, k): L.append(k)",
    "class C:\n    a = Meter(NN)": "def __set_name__(self, owner, name): L.append((name, self.n))",
    "class C(Told):\n    aNN = Meter()": "def __set_name__(self, owner, name): owner.shared.append(name)",
    "class C:\n    a = Meter()\nC().a = NN": "def __get__(self, *a): pass\n    def __set__(self, o, n): L.append(n)",
    "outer.inner['a'] = NN": "def __setitem__(self, k, v): L.append(v)",
    "METERS['a']['b'] = NN": "def __setitem__(self, k, v): L.append(v)",
    "ONE = len(Meter(NN))": "def __len__(self): L.append(self.n); return 0",
    "ONE = list(Meter(NN))": "def __iter__(self): L.append(self.n); return iter(())",
    "ONE = sorted((two, Meter(NN)))": "def __lt__(self, o): L.append((self.n, o.n)); return True",
    "ONE = hash(Meter(NN))": "def __hash__(self): L.append(self.n); return 1",
    "ONE = {Meter(NN): 1}": "def __hash__(self): L.append(self.n); return 1",
    "ONE = {Meter(NN)}": "def __hash__(self): L.append(self.n); return 1",
    "ONE = {}\nONE[Meter(NN)] = 1": "def __hash__(self): L.append(self.n); return 1",
    "ONE = bool(Meter(NN))": "def __bool__(self): L.append(self.n); return True",
    "ONE = 1 if Meter(NN) else 2": "def __bool__(self): L.append(self.n); return True",
    "if Meter(NN):\n    ONE = 1": "def __len__(self): L.append(self.n); return 1",
    "while Meter(NN):\n    break": "def __bool__(self): L.append(self.n); return True",
    "assert Meter(NN)": "def __bool__(self): L.append(self.n); return True",
    "ONE = Meter(NN) and 1": "def __bool__(self): L.append(self.n); return True",
    "ONE = not Meter(NN)": "def __len__(self): L.append(self.n); return 1",
    "ONE = [1 for _ in 'a' if Meter(NN)]": "def __bool__(self): L.append(self.n); return True",
    "ONE = repr(Meter(NN))": "def __repr__(self): L.append(self.n); return ''",
    "ONE = str(Meter(NN))": "def __repr__(self): L.append(self.n); return ''",
    "ONE = f'{Meter(NN)}'": "def __format__(self, how): L.append(self.n); return ''",
    "ONE = f'{Meter(NN)!r}'": "def __repr__(self): L.append(self.n); return ''",
    "ONE = '%s' % Meter(NN)": "def __str__(self): L.append(self.n); return ''",
    "ONE = 'a {}'.format(Meter(NN))": "def __str__(self): L.append(self.n); return ''",
    "print(Meter(NN), end='')": "def __str__(self): L.append(self.n); return ''",
    "ONE = int(Meter(NN))": "def __index__(self): L.append(self.n); return 1",
    "a, *b = Meter(NN)": "def __iter__(self): L.append(self.n); return iter('a')",
    "ONE = Meter[NN]": "def __class_getitem__(cls, k): L.append(k)",
    "ONE = str(Path(Meter(NN)))": "def __fspath__(self): L.append(self.n); return 'a'",
    "ONE = deepcopy(Meter(NN))": "def __deepcopy__(self, memo): L.append(self.n); return self",
    "one.n = len(two)": "def __len__(self): self.n = NN; return 0",
}
BY_NAME = [
    "m.size = NN",
    "m.n = NN\nONE = m.size",
    "outer.inner.size = NN",
    "two.put(NN)",
    "ONE = two.keep(NN)",
    "ONE = two.share(NN)",
    "outer.inner.put(NN)",
    "ONE = outer.inner.keep(NN)",
    "ONE = METERS['a'].keep(NN)",
    "ONE = made.keep(NN)",
    "ONE = [one.put(NN) for one in (m, two)]",
    "put(NN)",
    "put_it(NN)",
    "Sub(NN)",
    "ITEMS = list(map(Item, [NN]))",
    "X = type('X', (Told,), {'w': NN})",
    "X = types.new_class('X', (Told,), {'w': NN})",
    "X = type('X', (Told,), {})\nX.shared.append(NN)",
    "X = type(Made)('X', (Made,), {'w': NN})",
    "class C:\n    class D:\n        L.append(NN)",
    "class C:\n    class D(Told):\n        w = NN",
    "ping(0)\npong(1NN)",
    "pong(0)\nif True:\n    ping(1NN)",
    "ONE = box.hold(NN)",
    "ONE = box[NN]",
]


@pytest.mark.parametrize("statement", BY_PYTHON)
def test_what_python_calls_by_itself_counts(versions, statement):
    values, (one, other) = versions(project(statement, BY_PYTHON[statement]))

    assert values[0] != values[1]
    assert one.hash != other.hash


@pytest.mark.parametrize("statement", BY_NAME)
def test_what_is_called_of_any_object_counts(versions, statement):
    values, (one, other) = versions(project(statement))

    assert values[0] != values[1]
    assert one.hash != other.hash


@pytest.mark.parametrize(
    "statement",
    ["ONE = sum([NN]) + 1", "ONE = m.kind + NN", "D = {}\nD['a'] = NN", "ONE = ' '.join('a' * NN)"],
)
def test_what_no_method_of_the_project_changes_does_not_count(versions, statement):
    values, (one, other) = versions(project(statement, "def __sub__(self, n): L.append(n)"))

    assert values[0] == values[1]
    assert one.hash == other.hash


def test_methods_of_what_a_module_does_not_import_make_no_difference(load):
    """Which other modules are loaded by then is another matter in each process."""
    flow = "{}from .model import run\n\ndef task(x: int) -> int:\n    return run(x)\n"
    modules = {
        "config": "L = [1]\n\ndef first():\n    return [L]\n",
        "model": "from .config import L, first\nONE = first()[0].index(1)\n\ndef run(x):\n    return L\n",
        "stray": "from .config import L\n\nclass Stray:\n    def index(self, n):\n        L.append(n)\n",
    }

    alone = codes_of({"t": load({"flow": flow.format(""), **modules})})["t"]
    beside = codes_of({"t": load({"flow": flow.format("from . import stray\n"), **modules})})["t"]

    assert alone.hash == beside.hash
