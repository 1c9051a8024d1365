"""What the statements of a function, or one of a module, say that they change."""

from __future__ import annotations

import ast
from typing import Any

from reflow.graph.free_names import Chain, Import, imports_of
from reflow.graph.named import every_node
from reflow.graph.normal import FUNCTIONS
from reflow.graph.parsed import IMPORTS, NAMED, Named, parts_to_make
from reflow.graph.roots import (
    OWN_MODULE,
    given_a_name,
    last_name,
    names_in_arguments,
    of_origin,
    root_of,
    roots_of,
)
from reflow.graph.verbs import (
    DRAWING,
    HARMLESS,
    KINDS,
    PUTTING,
    RUNNING,
    SETTING,
    SETTING_UP,
    TAKING,
    TAKING_METHODS,
)


class Body:
    """What the statements of a function, or one of a module, say that they change.

    Attributes:
        changed: Names, with attributes behind them, that are given an item or an attribute.
        unused: Calls whose result nobody uses, or that take something away.
        calls: All calls, those of decorators too.
        decorators: Of these, those that a decorator stands for, and whether what it returns is called next.
        classes: All classes that are made.
        names: All names that are looked up.
        parameters: Names of what the function is given.
        first: The first of these.
        local: All names that it binds itself.
        imports: What it imports itself.
        declared: What it says is global.
        returned: Names, with attributes behind them, of which it returns a part.
        inside: Of what is changed, that which stays what it is: ``T`` of ``T[k] = v`` and ``T.append(v)``.
        done: Names of what is called for what it does.
        nodes: All that it was read from.
    """

    def __init__(self, node: ast.AST, *, is_method: bool = False) -> None:
        self.nodes = [*every_node(node)]
        self.changed: set[Chain] = set()
        self.unused: list[ast.Call] = []
        self.calls: list[ast.Call] = []
        self.decorators: dict[ast.Call, bool] = {}
        self.classes: list[ast.ClassDef] = []
        self.names: list[Chain] = []
        self.imports: dict[str, Import] = {}
        self.parameters: set[str] = set()
        self.first = ""
        self.local: set[str] = set()
        self.declared: set[str] = set()
        self.returned: list[Chain] = []
        self.inside: set[Chain] = set()
        self.done: list[Chain] = []
        self._own: set[str] = set()
        self._is_function = isinstance(node, FUNCTIONS)
        self._same: dict[str, list[Chain]] = {}
        if isinstance(node, FUNCTIONS):
            arguments = node.args
            named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            named += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
            self.first = named[0].arg if named else ""
            self._own.update(one.arg for one in named[:1] if is_method)
            self.parameters = {one.arg for one in named} - self._own
            self._note_defaults(node.name, arguments)
        for inner in self.nodes:
            if (note := _NOTES.get(type(inner))) is not None:
                note(self, inner)
            if inner is not node and isinstance(inner, NAMED):
                self._note_made(inner)
        self.local = self.local - {*self.declared, node.name} if isinstance(node, FUNCTIONS) else set()

    @classmethod
    def of_making(cls, node: Named) -> Body:
        """Return what is done to make a function or a class, apart from what the class's own statements do."""
        body = cls(ast.Tuple(parts_to_make(node), ast.Load()))
        body._note_made(node)
        return body

    def beyond(self, chains: list[Chain]) -> set[Chain]:
        """Return names with those left out that are local, and what these were made of instead."""
        found: set[Chain] = set()
        waiting, seen = [chain for chain in chains if chain], set[Chain]()
        while waiting:
            chain = waiting.pop()
            if chain in seen or chain[0] in self._own:
                continue
            seen.add(chain)
            if chain[0] not in self.imports:
                waiting += [of_origin(origin, chain) for origin in self._same.get(chain[0], ())]
            if chain[0] not in self.local or chain[0] in self.parameters or chain[0] in self.imports:
                found.add(chain)
        return found

    def _note_part(self, node: ast.Attribute | ast.Subscript) -> None:
        if type(node.ctx) is not ast.Load:
            self.changed.add(root_of(node))
            if type(node) is ast.Subscript:
                self.inside.add(root_of(node))

    def _note_adding(self, node: ast.AugAssign) -> None:
        """``T += [x]`` changes what ``T`` was imported as; in a function it is seen to by ``global``."""
        if isinstance(node.target, ast.Name) and not self._is_function:
            self.changed.add((node.target.id,))

    def _note_name(self, node: ast.Name) -> None:
        if type(node.ctx) is ast.Load:
            self.names.append((node.id,))
        else:
            self.local.add(node.id)

    def _note_argument(self, node: ast.arg) -> None:
        self.local.add(node.arg)

    def _note_defaults(self, name: str, node: ast.arguments) -> None:
        """A parameter that nobody gives is its default value, which is a part of the function."""
        positional = [*node.posonlyargs, *node.args]
        pairs = [
            *zip(positional[len(positional) - len(node.defaults) :], node.defaults, strict=True),
            *zip(node.kwonlyargs, node.kw_defaults, strict=True),
        ]
        for parameter, value in pairs:
            if value is not None:
                own = [] if isinstance(value, ast.Constant) else [(name,)]
                self._same.setdefault(parameter.arg, []).extend([*roots_of(value), *own])

    def _note_return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.returned += roots_of(node.value)

    def _note_named(self, node: Named) -> None:
        self.local.add(node.name)

    def _note_made(self, node: Named) -> None:
        """A decorator is called with what it decorates; one that is a call itself is noted as such."""
        for decorator in node.decorator_list:
            is_call = isinstance(decorator, ast.Call)
            call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
            self.decorators[call] = is_call
            if not is_call:
                self.calls.append(call)
        if isinstance(node, ast.ClassDef):
            self.classes.append(node)

    def _note_global(self, node: ast.Global) -> None:
        self.declared.update(node.names)
        self.changed.update((name,) for name in node.names)

    def _note_import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.imports.update(imports_of(node))
        self.local.update(self.imports)

    def _note_unused(self, node: ast.Expr) -> None:
        self.unused += [call for call in every_node(node.value) if isinstance(call, ast.Call)]
        if isinstance(node.value, ast.Call):
            self.done.append(root_of(node.value.func))
            if isinstance(node.value.func, ast.Attribute):
                self.inside.add(root_of(node.value.func.value))

    def _note_lambda(self, node: ast.Lambda) -> None:
        if isinstance(node.body, ast.Call):
            self.unused.append(node.body)

    def _note_call(self, node: ast.Call) -> None:
        self.calls.append(node)
        name = last_name(node.func)
        if name.startswith(SETTING_UP) or name in DRAWING:
            self.done.append(root_of(node.func))
        for keyword in node.keywords:
            if keyword.arg == "out":
                self.changed.update(roots_of(keyword.value))
        for given in (*node.args, *(keyword.value for keyword in node.keywords)):
            if isinstance(given, ast.Attribute) and given.attr in PUTTING:  # map(T.append, found)
                self.changed.add(root_of(given.value))
        if _takes_away(node) or any(keyword.arg == "inplace" for keyword in node.keywords):
            self.unused.append(node)
            if isinstance(node.func, ast.Attribute):
                self.inside.add(root_of(node.func.value))

    def _note_same(self, node: ast.AST) -> None:
        for target, value in given_a_name(node):
            if chains := roots_of(value):
                for name in every_node(target):
                    if isinstance(name, ast.Name):
                        self._same.setdefault(name.id, []).extend(chains)


_NOTES: dict[type, Any] = {
    **dict.fromkeys((ast.Attribute, ast.Subscript), Body._note_part),
    ast.Name: Body._note_name,
    ast.arg: Body._note_argument,
    **dict.fromkeys(NAMED, Body._note_named),
    ast.AugAssign: Body._note_adding,
    ast.Global: Body._note_global,
    ast.Return: Body._note_return,
    **dict.fromkeys(IMPORTS, Body._note_import),
    ast.Expr: Body._note_unused,
    ast.Lambda: Body._note_lambda,
    ast.Call: Body._note_call,
    **dict.fromkeys(
        (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.For, ast.comprehension, ast.withitem), Body._note_same
    ),
}


def set_in_call(call: ast.Call) -> list[Chain]:
    """Return what ``setattr`` and ``delattr`` change."""
    return changed_in_call(call) if last_name(call.func) in SETTING else []


def changed_in_call(call: ast.Call) -> list[Chain]:
    """Return what a call may change whose result nobody uses: what it is a method of, and what it is given."""
    name = last_name(call.func)
    if isinstance(call.func, ast.Name) and name in HARMLESS:
        return []
    if name in SETTING and len(call.args) > 1:
        chain, attribute = root_of(call.args[0]), call.args[1]
        return [(*chain, str(attribute.value)) if chain and isinstance(attribute, ast.Constant) else chain]
    if isinstance(call.func, ast.Attribute):
        receiver = root_of(call.func.value)
        is_of_receiver = name in PUTTING and receiver[:1] not in [(kind,) for kind in KINDS]
        return [receiver] if is_of_receiver else [receiver, *names_in_arguments(call)]
    return names_in_arguments(call)


def run_by(call: ast.Call) -> list[Chain]:
    """Return the names that ``exec`` and ``eval`` may change: of the module, unless they are given others."""
    if not isinstance(call.func, ast.Name) or call.func.id not in RUNNING:
        return []
    return names_in_arguments(call) if len(call.args) > 1 else [OWN_MODULE]


def _takes_away(call: ast.Call) -> bool:
    names = TAKING_METHODS if isinstance(call.func, ast.Attribute) else TAKING
    return last_name(call.func) in names
