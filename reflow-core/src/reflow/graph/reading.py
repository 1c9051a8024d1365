"""One definition, read in one go: the text that stands for it on any Python, and what it takes from outside."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable
from typing import Any

from reflow.graph.free_names import Finder, Import, Scope, Taken, chain_of, imports_of
from reflow.graph.normal import (
    Node,
    bare,
    no_task_makers,
    unquoted,
    with_methods_in_order,
    without_annotation,
    without_annotations,
    without_docstring,
    without_markers,
)
from reflow.graph.riddles import (
    MODULE_NAME,
    finder_name,
    is_opaque,
    is_opaque_attribute,
    names_in_query,
    plain_getter,
    reader_name,
)

_NO_CODE = ("ctx", "kind", "type_comment")
_STATEMENTS = ("body", "orelse", "finalbody")

Decorators = Callable[[Any], list[ast.expr]]  #: those of a function or class that are code


def normal_form(statement: Node, decorators: Decorators = no_task_makers) -> tuple[str, Taken]:
    """Return the text that stands for a statement, and what it takes from outside.

    That is its tree as one text, the same on any Python, which `ast.unparse` and `ast.dump` do not write. Docstrings,
    decorators that are no code, what reflow reads in ``Annotated``, the annotations of what is no parameter and no
    field of a class, and the order of methods are left out, and what stands there alone is not taken; comments and
    formatting are no part of a tree anyway.

    Args:
        decorators: Tells which decorators of a function are code.
    """
    reader = _Reader(decorators)
    scope = Scope()
    plain = without_annotation(statement) if isinstance(statement, ast.stmt) else None
    text = reader.read(plain or statement, scope)
    generic = reader.generic
    chains = sorted([chain for chain in scope.taken if chain[0] not in generic] if generic else scope.taken)
    taken = Taken(tuple(chains), reader.imports, tuple(sorted(reader.opaque)), _finders(statement, reader))
    return text, taken


def _finders(statement: Node, reader: _Reader) -> tuple[Finder, ...]:
    if not reader.finders:
        return ()
    from reflow.graph.stems import stems_of  # few definitions look for files

    found = {Finder(name, call.lineno, stems_of(statement, call)) for name, call in reader.finders}
    return tuple(sorted(found, key=lambda finder: finder[:2]))


class _Reader:
    """Writes nodes, and notes what they take, scope by scope."""

    def __init__(self, decorators: Decorators) -> None:
        self._decorators = decorators
        self.imports: dict[str, Import] = {}
        self.opaque: set[tuple[str, int]] = set()
        self.finders: set[tuple[str, ast.Call]] = set()
        self.generic: set[str] = set()
        self._depth = 0  # of functions, whose bodies are not run while their module is loaded

    def read(self, node: ast.AST, scope: Scope) -> str:
        return _WAYS[type(node)](self, node, scope)

    def fields(self, node: ast.AST, scope: Scope) -> str:
        """Write a node field by field; those that are empty are left out, as some Pythons have no such fields."""
        kind = type(node)
        if (names := _FIELDS.get(kind)) is None:
            names = _FIELDS[kind] = tuple(name for name in node._fields if name not in _NO_CODE)
        said = node.__dict__
        parts = []
        for name in names:
            value = said.get(name)
            if value is None:
                continue
            if (way := _WAYS.get(type(value))) is not None:
                parts.append(f"{name}={way(self, value, scope)}")
            elif type(value) is not list:
                parts.append(f"{name}={value!a}")
            elif value:
                plain = without_annotations(value) if name in _STATEMENTS else value
                parts.append(f"{name}={self.each(plain, scope)}")
        return f"{kind.__name__}({','.join(parts)})"

    def each(self, nodes: Iterable[Any], scope: Scope) -> str:
        parts = []
        for node in nodes:
            way = _WAYS.get(type(node))
            parts.append(ascii(node) if way is None else way(self, node, scope))
        return f"[{','.join(parts)}]"

    def constant(self, node: ast.Constant, scope: Scope) -> str:
        return f"Constant(value={node.value!a})"  # repr would show letters as far as its Python knows them

    def name(self, node: ast.Name, scope: Scope) -> str:
        name = node.id
        if type(node.ctx) is ast.Load:
            scope.loads.add((name,))
            if is_opaque(name):
                self.opaque.add((name, node.lineno))
        else:
            scope.bound.add(name)
        return f"Name(id={name!a})"

    def attribute(self, node: ast.Attribute, scope: Scope) -> str:
        chain = chain_of(node)
        if is_opaque_attribute(chain or (node.attr,)):
            self.opaque.add((".".join(chain) or node.attr, node.lineno))
        if not chain:
            return f"Attribute(value={self.read(node.value, scope)},attr={node.attr!a})"
        scope.loads.add(chain)
        text = f"Name(id={chain[0]!a})"
        for attribute in chain[1:]:
            text = f"Attribute(value={text},attr={attribute!a})"
        return text

    def call(self, node: ast.Call, scope: Scope) -> str:
        if name := finder_name(node):
            self.finders.add((name, node))
        if not self._depth and (name := reader_name(node)):
            self.opaque.add((name, node.lineno))
        scope.loads.update((name,) for name in names_in_query(node))
        if not (getter := plain_getter(node)):
            return self.fields(node, scope)
        return _written(
            node,
            func=f"Name(id={getter!a})",
            args=self.each(node.args, scope),
            keywords=self.each(node.keywords, scope),
        )

    def function(self, node: Any, scope: Scope) -> str:
        inner = Scope()
        self._note_generic(node)
        scope.bound.add(node.name)
        self._depth += 1
        body = self.each(without_annotations(without_docstring(node.body)), inner)
        self._depth -= 1
        text = _written(
            node,
            name=ascii(node.name),
            args=self._arguments(node.args, inner, scope),
            body=body,
            decorator_list=self.each(self._decorators(node), scope) if node.decorator_list else "",
            returns=self.read(bare(node.returns), scope) if node.returns is not None else "",
            type_params=self.each(getattr(node, "type_params", ()), scope),
        )
        inner.leave_to(scope)
        return text

    def lambda_(self, node: ast.Lambda, scope: Scope) -> str:
        inner = Scope()
        self._depth += 1
        body = self.read(node.body, inner)
        self._depth -= 1
        text = _written(node, args=self._arguments(node.args, inner, scope), body=body)
        inner.leave_to(scope)
        return text

    def _arguments(self, node: ast.arguments, inner: Scope, scope: Scope) -> str:
        named = (*node.posonlyargs, *node.args, *node.kwonlyargs, node.vararg, node.kwarg)
        inner.bound.update(argument.arg for argument in named if argument is not None)
        return self.fields(node, scope)

    def argument(self, node: ast.arg, scope: Scope) -> str:
        annotation = self.read(bare(node.annotation), scope) if node.annotation is not None else ""
        return _written(node, arg=ascii(node.arg), annotation=annotation)

    def class_(self, node: ast.ClassDef, scope: Scope) -> str:
        """Names that a class binds are seen in its own body, behind the place, and not in its methods."""
        scope.bound.add(node.name)
        self._note_generic(node)
        body: list[str] = []
        bound: set[str] = set()
        for statement in with_methods_in_order(without_docstring(node.body)):
            inner = Scope(is_class=True)
            body.append(self.read(statement, inner))
            inner.leave_body_to(scope, bound)
            bound |= inner.bound
        return _written(
            node,
            name=ascii(node.name),
            bases=self.each(node.bases, scope),
            keywords=self.each(node.keywords, scope),
            body=f"[{','.join(body)}]",
            decorator_list=self.each(node.decorator_list, scope),
            type_params=self.each(getattr(node, "type_params", ()), scope),
        )

    def class_field(self, node: ast.AnnAssign, scope: Scope) -> str:
        return _written(
            node,
            target=self.read(node.target, scope),
            annotation=self.read(unquoted(node.annotation), scope),
            value=self.read(node.value, scope) if node.value is not None else "",
            simple=ascii(node.simple),
        )

    def comprehension(self, node: Any, scope: Scope) -> str:
        """What the first ``for`` goes through is taken in the scope around, and there ``:=`` binds."""
        inner = Scope(scope)
        first, *others = node.generators
        generators = [self._generator(first, inner, scope)]
        generators += [self._generator(other, inner, inner) for other in others]
        made = {name: self.read(getattr(node, name), inner) for name in node._fields if name != "generators"}
        inner.leave_to(scope)
        return _written(node, **made, generators=f"[{','.join(generators)}]")

    def _generator(self, node: ast.comprehension, inner: Scope, through: Scope) -> str:
        return _written(
            node,
            target=self.read(node.target, inner),
            iter=self.read(node.iter, through),
            ifs=self.each(node.ifs, inner),
            is_async=ascii(node.is_async),
        )

    def walrus(self, node: ast.NamedExpr, scope: Scope) -> str:
        scope.bind_around(node.target.id)
        return f"NamedExpr(target=Name(id={node.target.id!a}),value={self.read(node.value, scope)})"

    def comparison(self, node: ast.Compare, scope: Scope) -> str:
        """``if __name__ == "__main__":`` is so for who runs the file, and not on workers."""
        if not self._depth and any(chain_of(one) == (MODULE_NAME,) for one in (node.left, *node.comparators)):
            self.opaque.add((MODULE_NAME, node.lineno))
        return self.fields(node, scope)

    def importing(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> str:
        self.imports.update(imports_of(node))
        return self.fields(node, scope)

    def declaring(self, node: ast.Global | ast.Nonlocal, scope: Scope) -> str:
        if isinstance(node, ast.Global):
            scope.of_module |= set(node.names)
        else:
            scope.of_function |= set(node.names)
        return self.fields(node, scope)

    def subscript(self, node: ast.Subscript, scope: Scope) -> str:
        """A help text in ``X = Annotated[int, Param(help=...)]`` is no code either."""
        plain = without_markers(node)
        return self.fields(node, scope) if plain is node else self.read(plain, scope)

    def adding(self, node: ast.AugAssign, scope: Scope) -> str:
        """``n += 1`` takes ``n`` too."""
        if isinstance(node.target, ast.Name):
            scope.loads.add((node.target.id,))
        return self.fields(node, scope)

    def generic_type(self, node: Any, scope: Scope) -> str:
        """``type Pair[T] = tuple[T, T]``, since Python 3.12."""
        self._note_generic(node)
        return self.fields(node, scope)

    def binding(self, node: Any, scope: Scope) -> str:
        """``except E as name``, and the names of a ``case``."""
        if name := getattr(node, "name", None) or getattr(node, "rest", None):
            scope.bound.add(name)
        return self.fields(node, scope)

    def text_with_values(self, node: ast.JoinedStr, scope: Scope) -> str:
        """Python 3.12 puts empty texts between the parts of an f-string."""
        parts = [part for part in node.values if getattr(part, "value", None) != ""]
        return _written(node, values=self.each(parts, scope))

    def _note_generic(self, node: Any) -> None:
        """Note the ``T`` of ``def f[T](x: T)``."""
        for parameter in getattr(node, "type_params", ()):
            self.generic.add(parameter.name)


def _written(node: ast.AST, **fields: str) -> str:
    said = [f"{name}={text}" for name, text in fields.items() if text and text != "[]"]
    return f"{type(node).__name__}({','.join(said)})"


_FIELDS: dict[type, tuple[str, ...]] = {}  #: the fields of a kind of node that are code
_KINDS = [kind for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)]
_WAYS: dict[type, Callable[[_Reader, Any, Scope], str]] = {
    **dict.fromkeys(_KINDS, _Reader.fields),
    ast.Constant: _Reader.constant,
    ast.Name: _Reader.name,
    ast.Attribute: _Reader.attribute,
    ast.Call: _Reader.call,
    ast.FunctionDef: _Reader.function,
    ast.AsyncFunctionDef: _Reader.function,
    ast.Lambda: _Reader.lambda_,
    ast.arg: _Reader.argument,
    ast.ClassDef: _Reader.class_,
    ast.AnnAssign: _Reader.class_field,
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), _Reader.comprehension),
    **dict.fromkeys((ast.Import, ast.ImportFrom), _Reader.importing),
    **dict.fromkeys((ast.Global, ast.Nonlocal), _Reader.declaring),
    ast.NamedExpr: _Reader.walrus,
    ast.Compare: _Reader.comparison,
    ast.Subscript: _Reader.subscript,
    ast.AugAssign: _Reader.adding,
    ast.JoinedStr: _Reader.text_with_values,
    **dict.fromkeys((ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping), _Reader.binding),
}
if sys.version_info >= (3, 12):
    _WAYS[ast.TypeAlias] = _Reader.generic_type
