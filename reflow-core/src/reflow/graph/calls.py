"""What a call may call: functions, classes and methods of the project."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from reflow.graph.bodies import Body
from reflow.graph.free_names import Chain, chain_of, imports_of
from reflow.graph.globals import NOTHING, Globals, names_of_reflow
from reflow.graph.modules import Module
from reflow.graph.normal import FUNCTIONS
from reflow.graph.parsed import IMPORTS, NAMED
from reflow.graph.roots import names_in_arguments, root_of
from reflow.model.named_tuple import NamedTuple


class Callee(NamedTuple):
    """What may be called: a function, a class, or a statement that made one; for a method, with its class."""

    module: Module
    node: ast.stmt
    owner: ast.ClassDef | None = None


class Calls:
    """What the calls of the project may call."""

    def __init__(self, globals_: Globals) -> None:
        self._globals = globals_

    def called(self, module: Module, body: Body, chain: Chain) -> Iterator[Callee]:
        """Yield what a call may call: functions, classes and their methods, and statements that make such."""
        if not chain or (chain[0] in body.local and chain[0] not in body.imports):
            return
        for other, name, rest in self._globals.of(module, body, chain):
            for leaf, _ in other.parsed.bindings.get(name, ()) if rest is not None else ():
                if not rest:
                    yield Callee(other, leaf)
                elif isinstance(leaf, ast.ClassDef):
                    yield from self.method(other, leaf, rest[-1])

    def made(self, module: Module, body: Body, function: ast.expr) -> Iterator[Callee]:
        """Yield what ``Model()(1)`` calls, or ``TABLE[key](1)``."""
        if isinstance(function, ast.Call):
            yield from self.called_next(self.called(module, body, chain_of(function.func)))
        elif isinstance(function, ast.Subscript):
            yield from self.called(module, body, root_of(function))

    def called_next(self, called: Iterable[Callee]) -> Iterator[Callee]:
        """Yield what is called of the objects that these calls made."""
        for home, node, _ in called:
            if isinstance(node, ast.ClassDef):
                yield from self.method(home, node, "__call__")

    def methods(
        self, module: Module, body: Body, call: ast.Call, owner: ast.ClassDef | None
    ) -> Iterator[Callee]:
        """Yield the methods that a call may call: of the object itself, of one that is just made, or that a global is.

        A class that is called is given as it is to the methods that belong to it: ``cls()``.
        """
        chain = chain_of(call.func)
        if owner is not None and chain == (body.first,):
            yield Callee(module, owner)
        elif not isinstance(call.func, ast.Attribute):
            return
        elif owner is not None and is_super(call.func):
            yield from self.method(module, owner, call.func.attr, above=True)
        elif isinstance(call.func.value, ast.Call):
            yield from self._method_of_made(module, body, call.func.value, call.func.attr)
        elif owner is not None and chain[:1] == (body.first,):
            yield from self.method(module, owner, chain[1]) if len(chain) == 2 else ()
        elif chain and (chain[0] not in body.local or chain[0] in body.imports):
            for other, name, _ in self._globals.of(module, body, chain[:-1]):
                for leaf, _ in other.parsed.bindings.get(name, ()):
                    value = getattr(leaf, "value", None)
                    if isinstance(value, ast.Call):
                        yield from self._method_of_made(other, NOTHING, value, chain[-1])

    def _method_of_made(self, module: Module, body: Body, maker: ast.Call, name: str) -> Iterator[Callee]:
        """Yield a method of the object that a call makes."""
        for home, node, _ in self.called(module, body, chain_of(maker.func)):
            if isinstance(node, ast.ClassDef):
                yield from self.method(home, node, name)

    def given_away(self, module: Module, body: Body, call: ast.Call) -> Iterator[Callee]:
        """Yield the functions and classes that a call is given: whoever gets them may call them."""
        if not names_of_reflow(module, root_of(call.func)):
            for chain in names_in_arguments(call):
                for one in self.called(module, body, chain):
                    if isinstance(one.node, NAMED):
                        yield one

    def is_foreign(self, module: Module, body: Body, chain: Chain) -> bool:
        """Whether a name is one that was imported, and not from the project."""
        if chain[:1] and chain[0] in body.imports:
            found = [body.imports[chain[0]]]
        else:
            bindings = module.parsed.bindings.get(chain[0], ()) if chain else ()
            imports = [imports_of(leaf)[chain[0]] for leaf, _ in bindings if isinstance(leaf, IMPORTS)]
            found = imports if len(imports) == len(bindings) else []
        return bool(found) and not any(self._globals.is_own(module, target) for target in found)

    def method(
        self, module: Module, node: ast.ClassDef, name: str, *, above: bool = False
    ) -> Iterator[Callee]:
        """Yield a method of a class, or of the nearest that it is made from; ``above`` does not look at itself."""
        for home, parent in self._globals.lineage(module, node):
            found = [one for one in parent.body if isinstance(one, FUNCTIONS) and one.name == name]
            if found and not (above and parent is node):
                yield from (Callee(home, one, parent) for one in found)
                return


def is_super(function: ast.expr) -> bool:
    """Whether it is ``super().name``."""
    maker = getattr(function, "value", None)
    return isinstance(maker, ast.Call) and chain_of(maker.func) == ("super",)


def receiver(call: ast.Call) -> Chain:
    """Return the name of what a method is called of."""
    return root_of(call.func.value) if isinstance(call.func, ast.Attribute) else ()


def is_given_its_class(node: ast.stmt) -> bool:
    return any(chain_of(one) == ("classmethod",) for one in getattr(node, "decorator_list", ()))
