"""Drawings of a graph: a tree as text, Mermaid, Graphviz."""

from __future__ import annotations

from collections.abc import Callable

from reflow.errors import UsageError
from reflow.graph.model import Graph, Node
from reflow.graph.tree import draw_tree
from reflow.values.grammar import show_grammar


def draw(graph: Graph, form: str = "text", *, ascii: bool = False) -> str:  # noqa: A002
    """Return a graph as ``text`` (a tree of at most 80 columns), ``mermaid`` or ``dot``.

    Args:
        ascii: Draw the tree with ASCII alone.

    Raises:
        UsageError: There is no such form.
    """
    if form == "text":
        return draw_tree(graph, ascii=ascii)
    if form not in _FORMS:
        raise UsageError(f"there is no drawing as {form!r}; choose from text, {', '.join(_FORMS)}")
    return _FORMS[form](graph)


def edges_into(node: Node) -> list[tuple[str, str]]:
    """Return the tasks that a task takes from or comes after, each with how; a task is named once for each way."""
    edges = [(source.task, given.mode) for given in node.inputs for source in given.sources]
    return list(dict.fromkeys([*edges, *((name, "after") for name in node.after)]))


def _mermaid(graph: Graph) -> str:
    ids = {name: f"t{i}" for i, name in enumerate(graph.tasks)}
    lines = ["flowchart TD"]
    for name, node in graph.tasks.items():
        left, right = ("[[", "]]") if node.array else ("[", "]")
        text = f"{_label(node)}<br/>{show_grammar(node.returns)}".replace('"', "#quot;")
        lines.append(f'    {ids[name]}{left}"{text}"{right}')
    for name, node in graph.tasks.items():
        for source, way in edges_into(node):
            arrow = "-.->" if way == "after" else "-->"
            lines.append(f"    {ids[source]} {arrow}|{way}| {ids[name]}")
    return "\n".join(lines) + "\n"


def _dot(graph: Graph) -> str:
    lines = [f"digraph {_quoted(graph.workflow)} {{", "    node [shape=box];"]
    for name, node in graph.tasks.items():
        twice = ", peripheries=2" if node.array else ""
        label = _quoted(_label(node)).rstrip('"') + "\\n" + _quoted(show_grammar(node.returns)).lstrip('"')
        lines.append(f"    {_quoted(name)} [label={label}{twice}];")
    for name, node in graph.tasks.items():
        for source, way in edges_into(node):
            dashed = ", style=dashed" if way == "after" else ""
            lines.append(f"    {_quoted(source)} -> {_quoted(name)} [label={_quoted(way)}{dashed}];")
    return "\n".join([*lines, "}"]) + "\n"


def _label(node: Node) -> str:
    return f"{node.name}[]" if node.array else node.name


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_FORMS: dict[str, Callable[[Graph], str]] = {"mermaid": _mermaid, "dot": _dot}
