"""The methods of the project by their names: what an object of any class of it may do.

Which class an object is of is seldom written down. A method that is called by its name alone, or by Python itself for
``c[k] = v``, ``with c:`` or ``c + d``, may be that of any class.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from reflow.graph.calls import Callee
from reflow.graph.modules import Module, Modules
from reflow.graph.normal import FUNCTIONS

_METHOD = rb"(?m)^[ \t]+(?:async[ \t]+)?def[ \t]+(\w+)"  #: compiled when it is first used
_PLAIN = ("staticmethod", "classmethod", "abstractmethod", "overload")  #: decorators of what has to be called

Operation = tuple[tuple[str, ...], list[ast.expr]]  # names of methods, and what they are called of


class Methods:
    """The methods of the classes that a module may have objects of, by their names.

    These are its own classes and those of what it imports, and what that imports: whatever else happens to be loaded
    makes no difference.
    """

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._found: dict[Module, dict[str, list[Callee]]] = {}
        self._names: dict[Module, frozenset[str]] = {}
        self._imports: dict[Module, list[Module]] = {}
        self._places: dict[Module, dict[str, list[Module]]] = {}

    def named(self, module: Module, name: str) -> list[Callee]:
        """Return the methods of a name."""
        places = self.seen_by(module).get(name, ())
        return [one for place in places for one in self._of(place).get(name, ())]

    def used(self, module: Module, attribute: str) -> list[Callee]:
        """Return what runs where an attribute of this name is looked up or set: properties and the like."""
        return [one for one in self.named(module, attribute) if _is_used_as_attribute(one.node)]

    def seen_by(self, module: Module) -> dict[str, list[Module]]:
        """Return the modules that have a method of a name, for all names; those are not parsed to tell."""
        if module not in self._places:
            found = self._places[module] = {}
            waiting, known = [module], {module}
            for one in waiting:
                others = [other for other in self._imported(one) if other not in known]
                known.update(others)
                waiting += others
                for name in self._names_in(one):
                    found.setdefault(name, []).append(one)
        return self._places[module]

    def _imported(self, module: Module) -> list[Module]:
        if module not in self._imports:
            loaded = dict.fromkeys(name for name in module.imported() if name in sys.modules)
            found = [self._modules.named(name) for name in loaded]
            self._imports[module] = [one for one in found if one is not None]
        return self._imports[module]

    def _names_in(self, module: Module) -> frozenset[str]:
        if module not in self._names:
            raw = re.findall(_METHOD, module.raw) if b"class " in module.raw else []
            self._names[module] = frozenset(name.decode(errors="replace") for name in raw)
        return self._names[module]

    def _of(self, module: Module) -> dict[str, list[Callee]]:
        if module not in self._found:
            found = self._found[module] = {}
            for owner in _classes(module):
                for node in owner.body:
                    if isinstance(node, FUNCTIONS):
                        found.setdefault(node.name, []).append(Callee(module, node, owner))
        return self._found[module]


def _classes(module: Module) -> Iterator[ast.ClassDef]:
    """Yield the classes of a module, and those within classes."""
    waiting = [leaf for bound in module.parsed.bindings.values() for leaf, _ in bound]
    for leaf in waiting:
        if isinstance(leaf, ast.ClassDef):
            yield leaf
            waiting += leaf.body


def _is_used_as_attribute(node: ast.stmt) -> bool:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return any(getattr(one, "id", getattr(one, "attr", "")) not in _PLAIN for one in decorators)


_BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.MatMult: "matmul", ast.Div: "truediv",
    ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.Pow: "pow", ast.LShift: "lshift", ast.RShift: "rshift",
    ast.BitOr: "or", ast.BitXor: "xor", ast.BitAnd: "and",
}  # fmt: skip
_UNARY = {ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__", ast.Not: "__bool__"}
_ATTRIBUTE = {
    ast.Load: ("__getattr__", "__getattribute__", "__get__"),
    ast.Store: ("__setattr__", "__set__"),
    ast.Del: ("__delattr__", "__delete__"),
}
_ITEM = {ast.Load: ("__getitem__", "__missing__"), ast.Store: ("__setitem__",), ast.Del: ("__delitem__",)}
_WITH = ("__enter__", "__exit__", "__aenter__", "__aexit__")
_ITERATED = ("__iter__", "__next__", "__getitem__")
_COMPARED = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__")
_IMPLICIT = frozenset((
    *(f"__{kind}{name}__" for name in _BINARY.values() for kind in ("", "r", "i")),
    *_UNARY.values(), *(name for names in (*_ATTRIBUTE.values(), *_ITEM.values()) for name in names),
    *_WITH, *_ITERATED, *_COMPARED,
))  # fmt: skip
"""All methods that Python calls by itself for what is written as something else than a call."""


def are_implicit(names: Collection[str]) -> bool:
    """Whether any is a method that Python calls by itself."""
    return not _IMPLICIT.isdisjoint(names)


def operations(nodes: Iterable[ast.AST]) -> Iterator[Operation]:
    """Yield the methods that Python calls by itself for the parts of a statement, with what they are called of."""
    return (_OPERATIONS[type(node)](node) for node in nodes if type(node) in _OPERATIONS)


def attributes_in(nodes: Iterable[ast.AST]) -> list[ast.Attribute]:
    """Return all attributes that a statement looks up or sets."""
    return [node for node in nodes if isinstance(node, ast.Attribute)]


def _binary(node: Any) -> Operation:
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.target, node.value]
    return _METHODS_OF[type(node.op)], sides


_METHODS_OF = {op: tuple(f"__{kind}{name}__" for kind in ("", "r", "i")) for op, name in _BINARY.items()}
_OPERATIONS: dict[type, Callable[[Any], Operation]] = {
    ast.Attribute: lambda node: (_ATTRIBUTE[type(node.ctx)], [node.value]),
    ast.Subscript: lambda node: (_ITEM[type(node.ctx)], [node.value]),
    **dict.fromkeys((ast.BinOp, ast.AugAssign), _binary),
    ast.UnaryOp: lambda node: ((_UNARY[type(node.op)],), [node.operand]),
    **dict.fromkeys(
        (ast.With, ast.AsyncWith), lambda node: (_WITH, [one.context_expr for one in node.items])
    ),
    **dict.fromkeys((ast.For, ast.AsyncFor, ast.comprehension), lambda node: (_ITERATED, [node.iter])),
    ast.Compare: lambda node: (_COMPARED, [node.left, *node.comparators]),
}
