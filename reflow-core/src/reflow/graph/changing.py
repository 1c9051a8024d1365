"""What is changed where a statement is done, or something is called: told from what it is given, and from what the
functions of the project that it calls say.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import partial

from reflow.graph.bodies import Body, changed_in_call, run_by, set_in_call
from reflow.graph.calls import Callee, Calls, is_given_its_class, is_super, receiver
from reflow.graph.classes import changed_of_class, shares
from reflow.graph.free_names import Chain, chain_of
from reflow.graph.globals import NOTHING, PACKAGES, Globals, Key, names_of_reflow
from reflow.graph.methods import Methods, are_implicit, attributes_in, operations
from reflow.graph.modules import Module
from reflow.graph.normal import FUNCTIONS
from reflow.graph.parsed import NAMED
from reflow.graph.roots import names_in_arguments, root_of
from reflow.graph.rounds import Rounds
from reflow.model.named_tuple import NamedTuple

_MAKING = ("__init__", "__new__", "__post_init__")


class Changes(NamedTuple):
    """What a function changes.

    Attributes:
        names: Globals.
        given: Whether something that it is given may be changed too.
        runs: Globals of which a part is called.
        runs_given: Whether a part of what it is given is called.
    """

    names: frozenset[Key] = frozenset()
    given: bool = False
    runs: frozenset[Key] = frozenset()
    runs_given: bool = False


class _Changed(NamedTuple):
    """What a part of a body changes.

    Attributes:
        chains: Names, with attributes behind them, as they are written there.
        names: Globals.
        called: Names of which a part is called.
        runs: Globals of which a part is called.
    """

    chains: Iterable[Chain] = ()
    names: Iterable[Key] = ()
    called: Iterable[Chain] = ()
    runs: Iterable[Key] = ()


class Changing:
    """Tells what is changed where something is done.

    Args:
        behind: Tells what methods change that are known by their names alone; None where these are not followed:
            by names alone, all would lead to all.
    """

    def __init__(self, globals_: Globals, methods: Methods, behind: Changing | None) -> None:
        self._globals = globals_
        self._calls = Calls(globals_)
        self._methods = methods
        self._behind = behind
        self._rounds = Rounds(Changes())
        self._bodies: dict[tuple[ast.AST, bool], Body] = {}

    def by_statement(self, module: Module, node: ast.stmt, top: ast.stmt) -> Changes:
        """Return what a statement of a module changes.

        Args:
            top: The statement of the module's own level that it stands in.
        """
        body = Body.of_making(node) if isinstance(node, NAMED) else Body(node)
        changes = self._changed_by(module, body)
        if node is not top and isinstance(top, ast.ClassDef):
            return changes._replace(names=changes.names | self._by_naming(module, top))
        return changes

    def by_what_was_put(self, module: Module, node: ast.stmt) -> Changes:
        """Return what is changed where something is called that a statement has put somewhere."""
        if isinstance(node, NAMED):
            made = [Callee(module, node)]
            return self._by_all([*made, *self._calls.called_next(made)])
        made_of = self._by_what_it_is_made_of(module, self._body(node))
        return Changes(frozenset(made_of.names), runs=frozenset(made_of.runs))

    def _changed_by(
        self, module: Module, body: Body, owner: ast.ClassDef | None = None, *, is_called: bool = False
    ) -> Changes:
        """Return what a body changes.

        Args:
            owner: The class of which it is a method.
            is_called: Whether it is a statement that has made what is called: ``run = partial(fill, TABLE)``.
        """
        changed = [
            _Changed(body.changed),
            self._by_what_it_is_made_of(module, body) if is_called else _Changed(),
            *(self._by_call(module, body, call, owner) for call in body.calls),
            *self._by_operations(module, body),
        ]
        names = set[Key]().union(*(one.names for one in changed))
        chains = [chain for one in changed for chain in one.chains]
        for call in body.unused:
            if not names_of_reflow(module, root_of(call.func)):
                chains += changed_in_call(call)
        names |= self._of_class(module, owner, body) if owner is not None else set()
        for node in body.classes:
            names |= self._by_deriving(module, node)
        names |= self._by_setting_up(module, body)
        beyond = body.beyond(chains)
        names |= self._keys(module, body, beyond)
        called = body.beyond([chain for one in changed for chain in one.called])
        runs = {key for one in changed for key in one.runs}
        runs |= self._keys(module, body, called)
        return Changes(
            *(frozenset(names), any(chain[0] in body.parameters for chain in beyond)),
            *(frozenset(runs), any(chain[0] in body.parameters for chain in called)),
        )

    def _keys(self, module: Module, body: Body, chains: Iterable[Chain]) -> set[Key]:
        """Return the globals that names stand for, or a part of which they stand for; none for what a body is given."""
        outside = [chain for chain in chains if chain[0] not in body.parameters]
        return {
            (one.module.file, one.name) for chain in outside for one in self._globals.of(module, body, chain)
        }

    def _by_setting_up(self, module: Module, body: Body) -> set[Key]:
        """Return the packages that are not of the project and that a body sets up, or sets an attribute of."""
        given = [chain for call in body.unused for chain in set_in_call(call)]
        found = [
            package
            for is_set, chains in ((True, [*body.changed, *given]), (False, body.done))
            for chain in body.beyond(chains)
            for package in self._globals.packages(module, body, chain, is_set=is_set)
        ]
        return {(PACKAGES, package) for package in found}

    def _by_what_it_is_made_of(self, module: Module, body: Body) -> _Changed:
        """Return what is changed where something is called that a statement has made."""
        called = [one for chain in body.names for one in self._calls.called(module, body, chain)]
        methods = [
            one for node in attributes_in(body.nodes) for one in self._methods.named(module, node.attr)
        ]
        changes = self._by_all([*called, *self._calls.called_next(called)])
        named = self._by_named(methods)
        return _Changed(body.names, changes.names | named.names, runs=changes.runs | named.runs)

    def _by_call(self, module: Module, body: Body, call: ast.Call, owner: ast.ClassDef | None) -> _Changed:
        chain = chain_of(call.func)
        called = [
            *(self._calls.called(module, body, chain) if chain else self._calls.made(module, body, call.func))
        ]
        methods = [] if called else [*self._calls.methods(module, body, call, owner)]
        by_name = [] if called else self._by_name(module, body, call, is_known=bool(methods))
        then = self._calls.called_next(called) if body.decorators.get(call) else ()
        away = [*self._calls.given_away(module, body, call)]
        known, named, given_away = (
            self._by_all([*called, *methods, *then]),
            self._by_named(by_name),
            self._by_all(away),
        )
        chains = run_by(call)
        handed = names_in_arguments(call)
        if methods or by_name or any(is_given_its_class(one.node) for one in called):
            handed.append((body.first,) if is_super(call.func) else receiver(call))
        if known.given or named.given:
            chains += handed
        runs = [root_of(call.func)] if _is_of_a_part(call, called) else []
        if known.runs_given or named.runs_given:
            runs += handed
        names = known.names | named.names | given_away.names
        for one in away:
            if isinstance(one.node, ast.ClassDef):  # type("Sub", (one,), {})
                names |= self._by_deriving(one.module, one.node, is_base=True)
        if call in body.decorators and not (called or methods) and isinstance(call.func, ast.Attribute):
            chains.append(root_of(call.func.value))
        return _Changed(chains, names, runs, known.runs | named.runs | given_away.runs)

    def _by_name(self, module: Module, body: Body, call: ast.Call, *, is_known: bool) -> list[Callee]:
        """Return the methods that a call may call by their name alone: a class may have its own for ``self.put()``."""
        function = call.func
        if not isinstance(function, ast.Attribute):
            return []
        root = root_of(function.value)
        is_own = bool(body.first) and root == (body.first,)
        if (is_known and not is_own) or self._calls.is_foreign(module, body, root):
            return []
        return self._methods.named(module, function.attr)

    def _by_operations(self, module: Module, body: Body) -> Iterator[_Changed]:
        """Yield what is changed by the methods that Python calls by itself: for ``c[k] = v``, ``with c:``, ``c.p``."""
        named = self._methods.seen_by(module) if self._behind is not None else {}
        if not named:
            return
        for node in attributes_in(body.nodes):
            if node.attr in named and (used := self._methods.used(module, node.attr)):
                yield self._by_operation(used, [node.value])
        for names, operands in operations(body.nodes) if are_implicit(named) else ():
            if found := [one for name in names if name in named for one in self._methods.named(module, name)]:
                yield self._by_operation(found, operands)

    def _by_operation(self, methods: list[Callee], operands: list[ast.expr]) -> _Changed:
        changes = self._by_named(methods)
        calls = [one for one in operands if isinstance(one, ast.Call)]
        held = [chain for call in calls for chain in names_in_arguments(call)]
        handed = [*map(root_of, operands), *held]
        return _Changed(
            handed if changes.given else (), changes.names, handed if changes.runs_given else (), changes.runs
        )

    def _by_naming(self, module: Module, node: ast.ClassDef) -> frozenset[Key]:
        """Return what the parts of a class change that are told their names."""
        changes = self._by_named(self._methods.named(module, "__set_name__"))
        lineage = self._globals.lineage(module, node) if changes.given else ()
        return changes.names.union((home.file, parent.name) for home, parent in lineage)

    def _by_all(self, called: Iterable[Callee]) -> Changes:
        """Return what is changed where all of these are called."""
        return _together([self._by(one) for one in called])

    def _by_named(self, methods: Iterable[Callee]) -> Changes:
        """Return what is changed where methods are called that are known by their names alone."""
        return self._behind._by_all(methods) if self._behind is not None else Changes()

    def _by(self, called: Callee) -> Changes:
        return self._rounds.ask(called.node, partial(self._look_at, called))

    def _look_at(self, called: Callee) -> Changes:
        module, node, owner = called
        if isinstance(node, ast.ClassDef):
            return self._by_making(module, node)
        changes = self._changed_by(module, self._body(node), owner, is_called=not isinstance(node, FUNCTIONS))
        if owner is not None and changes.given and is_given_its_class(node):
            lineage = self._globals.lineage(module, owner)
            of_class = {(home.file, parent.name) for home, parent in lineage}
            return changes._replace(names=changes.names | of_class)
        return changes

    def _body(self, node: ast.AST, *, is_method: bool = False) -> Body:
        key = (node, is_method)
        if key not in self._bodies:
            self._bodies[key] = Body(node, is_method=is_method)
        return self._bodies[key]

    def _by_making(self, module: Module, node: ast.ClassDef) -> Changes:
        """Return what is changed where an object is made; the object itself is new."""
        methods = [one for name in _MAKING for one in self._calls.method(module, node, name)]
        bodies = [(one, self._body(one.node, is_method=True)) for one in methods]
        made = [self._changed_by(one.module, body, one.owner) for one, body in bodies]
        all_ = _together(made)
        own = {key for _, body in bodies for key in self._of_class(module, node, body)}
        return all_._replace(names=all_.names | own)

    def _of_class(self, module: Module, node: ast.ClassDef, body: Body) -> set[Key]:
        """Return the classes whose lists or the like a method changes through its object, and what these lists are."""
        found: set[Key] = set()
        changed = changed_of_class(body)
        for home, parent in self._globals.lineage(module, node) if changed else ():
            for attributes in changed:
                if shares(parent, attributes):
                    found.add((home.file, parent.name))
                    found |= self._keys(home, NOTHING, [(parent.name, *attributes)])
        return found

    def _by_deriving(self, module: Module, node: ast.ClassDef, *, is_base: bool = False) -> set[Key]:
        """Return what is changed where a class is made, by those that it is made from, of which it may be one."""
        names: set[Key] = set()
        for home, hook, owner in self._calls.method(module, node, "__init_subclass__", above=not is_base):
            changes = self._by(Callee(home, hook, owner))
            names |= changes.names
            if changes.given:
                lineage = self._globals.lineage(module, node)
                names |= {
                    (other.file, parent.name) for other, parent in lineage if is_base or parent is not node
                }
        for home, parent in self._globals.lineage(module, node):
            for keyword in parent.keywords:
                if keyword.arg == "metaclass":
                    for one in self._calls.called(home, NOTHING, chain_of(keyword.value)):
                        names |= self._by_metaclass(one, [*self._globals.lineage(module, node)][1:])
        return names

    def _by_metaclass(self, called: Callee, above: list[tuple[Module, ast.ClassDef]]) -> frozenset[Key]:
        """Return what is changed where a metaclass makes a class; what it puts into may be of those above."""
        if not isinstance(called.node, ast.ClassDef):
            return self._by(called).names
        hooks = [one for name in _MAKING for one in self._calls.method(called.module, called.node, name)]
        names = self._by_all(hooks).names
        if any(self._body(hook.node).inside for hook in hooks):
            own = (called.module, called.node)
            names |= {(home.file, parent.name) for home, parent in (own, *above)}
        return names


def _together(changes: Iterable[Changes]) -> Changes:
    """Return what is changed by several."""
    made = [*changes]
    return Changes(
        *(frozenset().union(*(one.names for one in made)), any(one.given for one in made)),
        *(frozenset().union(*(one.runs for one in made)), any(one.runs_given for one in made)),
    )


def _is_of_a_part(call: ast.Call, called: Iterable[Callee]) -> bool:
    """Whether a call may be one of what somebody has put into a list or the like: ``step()``, ``STEPS[0]()``."""
    return not isinstance(call.func, ast.Attribute) and not any(isinstance(one.node, NAMED) for one in called)
