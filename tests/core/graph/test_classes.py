"""What is put into a list or the like counts with all classes that share it."""

from __future__ import annotations

import pytest

BASE = """
# config
class Base:
    known, kind = [], 0
    @classmethod
    def register(cls, f):
        cls.known.append(f(0))
        return f
    @classmethod
    def be(cls, kind):
        cls.kind = kind
    def put(self, n):
        self.known.append(n)
        return n
    def get(self, n):
        return self.known.pop(n)

class Sub(Base):
    pass

class Other(Base):
    pass

sub, base = Sub(), Base()

def made():
    found = Sub()
    return found
# other
from .config import Base, Sub, base, made, sub
{statement}
# model
from .config import {name}

def run(x):
    return {name}.known, Base.kind
from .config import Base
"""
STATEMENTS = [
    "Sub.known.append(NN)",
    "Sub.register(lambda x: NN)",
    "@Sub.register\ndef f(x):\n    return NN",
    "sub.known.append(NN)",
    "sub.put(NN)",
    "ONE = sub.put(NN)",
    "base.known.append(NN)",
    "base.be(NN)",
    "type(base).kind = NN",
    "Base().put(NN)",
    "made().put(NN)",
    "a = made()\na.known.append(NN)",
    "Sub.put(Base, NN)",
    "base.known += [3, 4]\nONE = base.get(NN - 1)",
]


@pytest.mark.parametrize("name", ["Base", "Sub", "Other"])
@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_classes_share_counts_with_each_of_them(versions, statement, name):
    text = BASE.format(statement=statement, name=name)
    values, (one, other) = versions(text)

    assert values[0] != values[1]
    assert one.hash != other.hash


@pytest.mark.parametrize("statement", ["base.note = NN", "sub.note = NN", "one = Sub()\none.note = NN"])
def test_an_attribute_of_one_object_is_no_change_of_its_class(versions, statement):
    values, (one, other) = versions(BASE.format(statement=statement, name="Base"))

    assert values[0] == values[1]
    assert one.hash == other.hash
