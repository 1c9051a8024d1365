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
from reflow.graph.named import every_node
from reflow.graph.normal import FUNCTIONS

#: these are compiled when they are first used
_METHOD = rb"(?m)^[ \t]+(?:async[ \t]+)?def[ \t]+(\w+)"
_LOCAL_CLASS = rb"(?m)^[ \t]+class[ \t]"
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
    """Yield the classes of a module, also those within classes and functions."""
    bound = [leaf for bindings in module.parsed.bindings.values() for leaf, _ in bindings]
    if re.search(_LOCAL_CLASS, module.raw):
        nodes: Iterable[ast.AST] = (node for leaf in dict.fromkeys(bound) for node in every_node(leaf))
    else:
        nodes = bound
    yield from (node for node in nodes if isinstance(node, ast.ClassDef))


def _is_used_as_attribute(node: ast.stmt) -> bool:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return any(getattr(one, "id", getattr(one, "attr", "")) not in _PLAIN for one in decorators)


_BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.MatMult: "matmul", ast.Div: "truediv",
    ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.Pow: "pow", ast.LShift: "lshift", ast.RShift: "rshift",
    ast.BitOr: "or", ast.BitXor: "xor", ast.BitAnd: "and",
}  # fmt: skip
_TRUE = ("__bool__", "__len__")
_UNARY = {ast.USub: ("__neg__",), ast.UAdd: ("__pos__",), ast.Invert: ("__invert__",), ast.Not: _TRUE}
_ATTRIBUTE = {
    ast.Load: ("__getattr__", "__getattribute__", "__get__"),
    ast.Store: ("__setattr__", "__set__"),
    ast.Del: ("__delattr__", "__delete__"),
}
_ITEM = {
    ast.Load: ("__getitem__", "__missing__", "__class_getitem__"),
    ast.Store: ("__setitem__",),
    ast.Del: ("__delitem__",),
}
_WITH = ("__enter__", "__exit__", "__aenter__", "__aexit__")
_ITERATED = ("__iter__", "__next__", "__getitem__", "__len__")
_EQUAL = ("__hash__", "__eq__")
_COMPARED = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__")
_TEXT = ("__str__", "__repr__", "__format__")
_NUMBER = (
    "__int__",
    "__float__",
    "__complex__",
    "__index__",
    "__abs__",
    "__round__",
    "__trunc__",
    "__divmod__",
)
_MADE_OF = ("__fspath__", "__array__", "__copy__", "__deepcopy__", "__bytes__", "__reversed__", "__dir__")
_OF_KIND = ("__instancecheck__", "__subclasscheck__")
_OF_BUILTINS = (*_TRUE, *_ITERATED, *_EQUAL, *_COMPARED, *_TEXT, *_NUMBER, *_MADE_OF, *_OF_KIND)
_IMPLICIT = frozenset((
    *(f"__{kind}{name}__" for name in _BINARY.values() for kind in ("", "r", "i")),
    *(name for names in (_UNARY, _ATTRIBUTE, _ITEM) for of_one in names.values() for name in of_one),
    *_WITH, *_OF_BUILTINS,
))  # fmt: skip
"""All methods that Python calls by itself for what is written as something else than a call of them."""


def are_implicit(names: Collection[str]) -> bool:
    """Whether any is a method that Python calls by itself."""
    return not _IMPLICIT.isdisjoint(names)


def operations(nodes: Iterable[ast.AST]) -> Iterator[Operation]:
    """Yield the methods that Python calls by itself for the parts of a statement, with what they are called of."""
    return (found for node in nodes if type(node) in _OPERATIONS for found in _OPERATIONS[type(node)](node))


def attributes_in(nodes: Iterable[ast.AST]) -> list[ast.Attribute]:
    """Return all attributes that a statement looks up or sets."""
    return [node for node in nodes if isinstance(node, ast.Attribute)]


def _binary(node: Any) -> Iterator[Operation]:
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.target, node.value]
    yield _METHODS_OF[type(node.op)], sides
    if isinstance(node.op, ast.Mod):  # "%s" % one
        yield _TEXT, sides[1:]


def _subscript(node: Any) -> Iterator[Operation]:
    yield _ITEM[type(node.ctx)], [node.value]
    yield _EQUAL, [node.slice]


def _called(node: Any) -> Iterator[Operation]:
    """What a function of Python's own calls of what it is given, or a method of its texts, lists and dicts."""
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    if any(isinstance(part, ast.Name) for value in given for part in every_node(value)):
        yield _OF_BUILTINS, given


def _given_names(node: Any) -> Iterator[Operation]:
    if any(isinstance(target, (ast.Tuple, ast.List)) for target in node.targets):
        yield _ITERATED, [node.value]


def _tested(node: Any) -> Iterator[Operation]:
    yield _TRUE, [node.test]


def _gone_through(node: Any) -> Iterator[Operation]:
    yield _ITERATED, [node.iter]
    if tests := getattr(node, "ifs", ()):
        yield _TRUE, [*tests]


_METHODS_OF = {op: tuple(f"__{kind}{name}__" for kind in ("", "r", "i")) for op, name in _BINARY.items()}
_OPERATIONS: dict[type, Callable[[Any], Iterable[Operation]]] = {
    ast.Attribute: lambda node: [(_ATTRIBUTE[type(node.ctx)], [node.value])],
    ast.Subscript: _subscript,
    **dict.fromkeys((ast.BinOp, ast.AugAssign), _binary),
    ast.UnaryOp: lambda node: [(_UNARY[type(node.op)], [node.operand])],
    ast.BoolOp: lambda node: [(_TRUE, node.values)],
    **dict.fromkeys((ast.If, ast.IfExp, ast.While, ast.Assert), _tested),
    **dict.fromkeys(
        (ast.With, ast.AsyncWith), lambda node: [(_WITH, [one.context_expr for one in node.items])]
    ),
    **dict.fromkeys((ast.For, ast.AsyncFor, ast.comprehension), _gone_through),
    ast.Starred: lambda node: [(_ITERATED, [node.value])],
    ast.Assign: _given_names,
    ast.Compare: lambda node: [(_COMPARED, [node.left, *node.comparators])],
    ast.FormattedValue: lambda node: [(_TEXT, [node.value])],
    ast.Set: lambda node: [(_EQUAL, node.elts)],
    ast.Dict: lambda node: [(_EQUAL, [key for key in node.keys if key is not None])],
    ast.Call: _called,
}
