"""The methods of the project by their names: what an object of any class of it may do.

Which class an object is of is seldom written down. A method that is called by its name alone, or by Python itself for
``c[k] = v``, ``with c:`` or ``c + d``, may be that of any class.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from reflow.graph.calls import Callee
from reflow.graph.modules import Module, Modules
from reflow.graph.named import every_node
from reflow.graph.normal import FUNCTIONS

_METHOD = rb"(?m)^[ \t]+(?:async[ \t]+)?def[ \t]+(\w+)"  #: compiled when it is first used
_PLAIN = ("staticmethod", "classmethod", "abstractmethod", "overload")  #: decorators of what has to be called

Operation = tuple[tuple[str, ...], list[ast.expr]]  # names of methods, and what they are called of


class Methods:
    """The methods of all loaded classes of the project, by their names."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._places: dict[str, list[Module]] | None = None
        self._found: dict[Module, dict[str, list[Callee]]] = {}

    def named(self, name: str) -> list[Callee]:
        """Return the methods of a name."""
        if self._places is None:
            self._places = self._look()
        return [one for module in self._places.get(name, ()) for one in self._of(module).get(name, ())]

    def used(self, attribute: str) -> list[Callee]:
        """Return what runs where an attribute of this name is looked up or set: properties and the like."""
        return [one for one in self.named(attribute) if _is_used_as_attribute(one.node)]

    @cached_property
    def are_implicit(self) -> bool:
        """Whether any is one that Python calls by itself; no module is parsed to tell."""
        if self._places is None:
            self._places = self._look()
        return not self._places.keys().isdisjoint(_IMPLICIT)

    def _look(self) -> dict[str, list[Module]]:
        found: dict[str, list[Module]] = {}
        for module in dict.fromkeys(self._modules.loaded()):
            text = module.raw
            for name in set(re.findall(_METHOD, text)) if b"class " in text else ():
                found.setdefault(name.decode(errors="replace"), []).append(module)
        return found

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
_IMPLICIT = (
    *(f"__{kind}{name}__" for name in _BINARY.values() for kind in ("", "r", "i")),
    *_UNARY.values(), *(name for names in (*_ATTRIBUTE.values(), *_ITEM.values()) for name in names),
    *_WITH, *_ITERATED, *_COMPARED,
)  # fmt: skip
"""All methods that Python calls by itself for what is written as something else than a call."""


def operations(tree: ast.AST) -> Iterator[Operation]:
    """Yield the methods that Python calls by itself for the parts of a statement, with what they are called of."""
    for node in every_node(tree):
        if isinstance(node, ast.Attribute):
            yield _ATTRIBUTE[type(node.ctx)], [node.value]
        elif isinstance(node, ast.Subscript):
            yield _ITEM[type(node.ctx)], [node.value]
        elif isinstance(node, (ast.BinOp, ast.AugAssign)):
            sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.target, node.value]
            yield tuple(f"__{kind}{_BINARY[type(node.op)]}__" for kind in ("", "r", "i")), sides
        elif isinstance(node, ast.UnaryOp):
            yield (_UNARY[type(node.op)],), [node.operand]
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            yield _WITH, [item.context_expr for item in node.items]
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            yield _ITERATED, [node.iter]
        elif isinstance(node, ast.Compare):
            yield _COMPARED, [node.left, *node.comparators]


def attributes_in(tree: ast.AST) -> Iterator[ast.Attribute]:
    """Yield all attributes that a statement looks up or sets."""
    return (node for node in every_node(tree) if isinstance(node, ast.Attribute))
