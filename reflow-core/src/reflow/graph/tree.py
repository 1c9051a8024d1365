"""A graph as a tree of text: each task stands below the first one that it takes from."""

from __future__ import annotations

from collections.abc import Iterator

from reflow.graph.model import Graph, Node, upstream_of
from reflow.model.resources import Resources
from reflow.values.grammar import show_grammar

WIDTH = 80  #: columns
_DEPTH = 8  #: levels, before a branch goes on further below
_UNICODE = {"├": "├─ ", "└": "└─ ", "│": "│  ", "─": "─", "►": "►", "×": "×", "…": "…"}
_ASCII = {"├": "|- ", "└": "`- ", "│": "|  ", "─": "-", "►": ">", "×": "x", "…": "..."}


def draw_tree(graph: Graph, *, ascii: bool = False) -> str:  # noqa: A002
    """Return a drawing of at most 80 columns; a task with more upstreams names the others."""
    glyphs = _ASCII if ascii else _UNICODE
    rows = list(_Tree(graph, glyphs).rows())
    column = min(max([len(left) for left, _, _ in rows], default=0) + 3, WIDTH // 2)
    count = len(graph.tasks)
    lines = [f"{graph.workflow}  {count} task{'s' if count != 1 else ''}"]
    for left, right, is_root in rows:
        lines.append(_line(left, right, column, glyphs, is_root=is_root))
    return "\n".join(lines) + "\n"


def _line(left: str, right: str, column: int, glyphs: dict[str, str], *, is_root: bool) -> str:
    if not right:
        return left
    if is_root:
        room = max(column - len(left) - 3, 1)
        text = f"{left} {glyphs['─'] * room}{glyphs['►']} {right}"
    else:
        text = f"{left.ljust(column)}{right}" if len(left) < column else f"{left}  {right}"
    if len(text) <= WIDTH:
        return text
    return text[: WIDTH - len(glyphs["…"])] + glyphs["…"]


class _Tree:
    """Which task stands below which, and what is said about each."""

    def __init__(self, graph: Graph, glyphs: dict[str, str]) -> None:
        self._tasks = graph.tasks
        self._glyphs = glyphs
        self._below: dict[str, list[str]] = {name: [] for name in graph.tasks}
        self._roots: list[str] = []
        self._shown_below: dict[str, str] = {}
        self._place()

    def _place(self) -> None:
        depth: dict[str, int] = {}
        mentioned: list[tuple[str, str]] = []
        for name, node in self._tasks.items():
            upstream = upstream_of(node)
            first = upstream[0] if upstream else None
            mentioned += [(other, name) for other in upstream[1:]]
            depth[name] = 0 if first is None else depth[first] + 1
            if first is None or depth[name] > _DEPTH:
                self._roots.append(name)
            else:
                self._below[first].append(name)
                self._shown_below[name] = first
            if first is not None and depth[name] > _DEPTH:
                depth[name] = 0
                self._below[first].append(f"({name})")
        for other, name in mentioned:
            if not self._below[other]:
                self._below[other].append(f"({name})")

    def rows(self) -> Iterator[tuple[str, str, bool]]:
        """Yield tree and name, what is said about the task, and whether it takes from no other."""
        stack = [("", name, i == 0) for i, name in enumerate(reversed(self._roots))]
        while stack:
            indent, name, is_last = stack.pop()
            left = indent + self._glyphs["└" if is_last else "├"]
            node = self._tasks.get(name)
            if node is None:
                yield left + name, "", False
                continue
            array = f"[] {self._glyphs['×']}N" if node.array else ""
            yield f"{left}{name}{array}", self._said(node), not upstream_of(node)
            inner = indent + ("   " if is_last else self._glyphs["│"])
            below = reversed(self._below[name])
            stack.extend((inner, child, i == 0) for i, child in enumerate(below))

    def _said(self, node: Node) -> str:
        upstream = upstream_of(node)
        others = [name for name in upstream if name != self._shown_below.get(node.name)]
        also = "also from " if node.name in self._shown_below else "from "
        parts = [
            _way(node, upstream[0]) if upstream else "",
            show_grammar(node.returns) if node.returns != "none" else "",
            also + ", ".join(others) if others else "",
            _asked(node.resources),
        ]
        return ", ".join(part for part in parts if part)


def _way(node: Node, upstream: str) -> str:
    """How a task takes from another one, in a word."""
    return next((i.mode for i in node.inputs for s in i.sources if s.task == upstream), "after")


def _asked(resources: Resources) -> str:
    """What each instance asks for, as far as it was said."""
    cpus = f"{resources.cpus} cpus" if resources.cpus != 1 else ""
    memory = f"{resources.mem_mib} MiB" if resources.mem_mib else ""
    return "  ".join(part for part in (cpus, memory, _clock(resources.time_s)) if part)


def _clock(seconds: int | None) -> str:
    if seconds is None:
        return ""
    days, hours = divmod(seconds // 3600, 24)
    return f"{f'{days}-' if days else ''}{hours}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
