"""Small flows as data: how their tasks are joined, what their functions do, and their source as Python text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from zlib import crc32

from hypothesis import strategies as st

TYPES = {"one": "{0}", "list": "list[{0}]", "lists": "list[list[{0}]]"}

PARAMETERS = {
    # name: its annotation, and what is said of it
    "n": ("int", 'Param("A number")'),
    "own": ("int", 'Param("A number of each task", namespace="local")'),
    "items": ("list[int]", 'Param("What a list is made of")'),
    "by_stat": ("Path", 'Param("A file")'),
    "by_content": ("Path", 'Param("A file", track="content")'),
    "by_name": ("Path", 'Param("A file", track="path")'),
    "several": ("list[Path]", 'Param("Some files")'),
}
TRACKS = {"by_stat": "stat", "by_content": "content", "by_name": "path", "several": "stat"}
LETTERS = "abcd"  #: that files which tasks write are made of


def told(data: Any) -> str:
    """Return a NamedTuple as text, without what is as always."""
    default = data._field_defaults
    told = [f"{k}={v!r}" for k, v in data._asdict().items() if k not in default or v != default[k]]
    return f"{type(data).__name__}({', '.join(told)})"


class Take(NamedTuple):
    """A parameter that takes what tasks return.

    Attributes:
        parts: For each source (number of the task, what it gives): its ``value``, the ``items`` of that, its
            ``elements`` by index, or the items of all these, ``flat``.
        deliver: Whether each instance gets ``one`` of them, or all get the one ``value``, or the ``list`` of all.
    """

    parts: tuple[tuple[int, str], ...]
    wants: str
    deliver: str
    broadcast: bool = False

    def __repr__(self) -> str:
        return told(self)


class Task(NamedTuple):
    """A task: what it returns, one or a list of ``int`` or ``Path``, and where its inputs come from.

    Attributes:
        verify: Whether it says itself what holds: files with nothing but what tasks write, whatever their times.
    """

    array: bool
    gives: str
    of: str
    takes: tuple[Take, ...] = ()
    parameters: tuple[str, ...] = ()
    after: tuple[int, ...] = ()
    code: str = "warn"
    track: str = "stat"
    verify: bool = False

    def __repr__(self) -> str:
        return told(self)


# (array, gives) of the upstream, array of the downstream: what that wants, broadcast, part, how it is delivered
ROWS = {
    (False, "one", False): [("one", False, "value", "value")],
    (False, "list", False): [("list", False, "value", "value")],
    (False, "list", True): [("one", False, "items", "one"), ("list", False, "value", "value")],
    (False, "one", True): [("one", False, "value", "value")],
    (True, "one", False): [("list", False, "elements", "list")],
    (True, "list", False): [("list", False, "flat", "list"), ("lists", False, "elements", "list")],
    (True, "one", True): [("one", False, "elements", "one"), ("list", True, "elements", "list")],
    (True, "list", True): [
        ("list", False, "elements", "one"), ("one", False, "flat", "one"), ("lists", True, "elements", "list")
    ],
}  # fmt: skip


@st.composite
def flows(draw: Any) -> tuple[Task, ...]:
    """Draw two to six tasks, joined in any of the ways that there are."""
    tasks: list[Task] = []
    for number in range(draw(st.sampled_from([2, 3, 4, 4, 5, 6]))):
        array = any(_each(tasks)) and draw(st.sampled_from([False, True, True]))
        takes = [_take(draw, tasks, array, each=array)] if tasks else []
        if tasks and draw(st.integers(0, 2)) == 2:
            takes.append(_take(draw, tasks, array, each=False))
        gives = draw(st.sampled_from(["one", "list"] if array or number else ["list", "list", "one"]))
        names = draw(st.sets(st.sampled_from([*PARAMETERS]), max_size=2))
        if gives == "list" and not array and draw(st.booleans()):
            names.add("items")
        tasks.append(
            Task(
                array,
                gives,
                draw(st.sampled_from(["int", "Path"])),
                tuple(takes),
                tuple(sorted(names)),
                tuple(draw(st.sampled_from([(), (), (number - 1,), (0,)])) if number else ()),
                draw(st.sampled_from(["warn", "auto", "version"])),
                draw(st.sampled_from(["stat", "stat", "content", "path"])),
                draw(st.sampled_from([False, False, False, True])),
            )
        )
    return tuple(tasks)


def _each(tasks: list[Task]) -> Iterator[tuple[int, tuple[str, bool, str, str]]]:
    """Yield how an array task can take one thing for each of its instances, by the number of the source."""
    for number, task in enumerate(tasks):
        yield from ((number, row) for row in ROWS[task.array, task.gives, True] if row[3] == "one")


def _take(draw: Any, tasks: list[Task], array: bool, *, each: bool) -> Take:
    if len(tasks) > 1 and draw(st.integers(0, 4)) == 4:
        first, second = draw(st.permutations(range(len(tasks))))[:2]
        pair = tasks[first], tasks[second]
        if pair[0].of == pair[1].of and all(map(_can_join, pair)):
            parts = tuple((i, _part_of_several(tasks[i])) for i in (first, second))
            return Take(parts, *(("one", "one") if array else ("list", "list")))
    if each:
        number, (wants, broadcast, part, deliver) = draw(st.sampled_from([*_each(tasks)]))
    else:
        number = draw(st.integers(0, len(tasks) - 1))
        rows = ROWS[tasks[number].array, tasks[number].gives, array]
        wants, broadcast, part, deliver = draw(st.sampled_from(rows))
    return Take(((number, part),), wants, deliver, broadcast)


def _can_join(task: Task) -> bool:
    return not (task.array and task.gives == "list")


def _part_of_several(task: Task) -> str:
    return "elements" if task.array else "items" if task.gives == "list" else "value"


def parameter_key(name: str, number: int) -> str:
    """Return what a parameter of a task is called in a submit."""
    return f"t{number}_own" if name == "own" else name


# What the functions do


class Place(Protocol):
    """Where a function is called: on a disk, or in the mind of the oracle."""

    broken: set[int]

    def note(self, call: str) -> None: ...
    def read(self, path: Path) -> str: ...
    def write(self, name: str, text: str) -> Path: ...


def call(place: Place, number: int, task: Task, code: int, given: Mapping[str, Any]) -> Any:
    """Do what the function of a task does: note it, look at all that it is given, files too, and make something.

    A file that is a parameter may be missing, one that a task returned may not.

    Raises:
        ValueError: The task is broken, and this call is one of those that feel it.
        FileNotFoundError: What another task had written is gone.
    """
    place.note(call_text(number, given))
    seen = {name: _seen(value, place, must_be=name.startswith("x")) for name, value in given.items()}
    seed = crc32(repr((number, code, sorted(seen.items()))).encode())
    if number in place.broken and (seed & 64 or not task.array):
        raise ValueError(seed)
    if task.gives == "one":
        return seed % 4 if task.of == "int" else _write(place, number, given, "", seed)
    items = list(given["items"]) if "items" in given else [seed % 3, *range(seed // 3 % 3)]
    if task.of == "int":
        return items
    return [_write(place, number, given, f"-{item}", seed // 9 + item) for item in items]


def call_text(number: int, given: Mapping[str, Any]) -> str:
    """Return what is noted of a call."""
    return f"t{number}({', '.join(f'{name}={plain(value)!r}' for name, value in sorted(given.items()))})"


def plain(value: Any) -> Any:
    """Return a value with the names of files for their paths: a test's directory is another one each time."""
    return mapped(value, lambda path: path.name)


def mapped(value: Any, of_path: Callable[[Path], Any]) -> Any:
    """Return a value with something for each Path."""
    if isinstance(value, list):
        return [mapped(item, of_path) for item in value]
    return of_path(value) if isinstance(value, Path) else value


def paths_of(value: Any) -> list[Path]:
    """Return the Paths in a value, in order."""
    found: list[Path] = []
    mapped(value, found.append)
    return found


def _seen(value: Any, place: Place, *, must_be: bool) -> Any:
    def look(path: Path) -> tuple[str, str]:
        try:
            return path.name, place.read(path)
        except FileNotFoundError:
            if must_be:
                raise
            return path.name, "-"

    return mapped(value, look)


def _write(place: Place, number: int, given: Mapping[str, Any], item: str, seed: int) -> Path:
    """Write a file named for what the call is given alone: with other parameters it is overwritten."""
    each = [plain(value) for name, value in sorted(given.items()) if name.startswith("x_each")]
    name = f"t{number}-{crc32(repr(each).encode()):08x}{item}"
    return place.write(name, LETTERS[seed % 4] * (1 + seed // 4 % 2))


# Their source

HEAD = """from pathlib import Path
from typing import Annotated

import cache_disk
import cache_helpers
from reflow import Param, Result, RunDir, Workflow

wf = Workflow("cached")
"""


class Settings(NamedTuple):
    """What a file says of one task that may change."""

    version: int = 0
    cache: bool = True
    code: int = 0
    helper: int = 0
    comment: int = 0


def inputs(task: Task) -> Iterable[tuple[str, Take]]:
    """Yield the parameters of a task that take from others, by name."""
    return ((f"x_{'each' if take.deliver == 'one' else 'all'}{i}", take) for i, take in enumerate(task.takes))


def flow_source(tasks: tuple[Task, ...], settings: Mapping[int, Settings]) -> str:
    """Return the text of the flow's file."""
    return HEAD + "".join(_task_source(tasks, number, settings[number]) for number in range(len(tasks)))


def helpers_source(settings: Mapping[int, Settings]) -> str:
    """Return the text of the file with what the functions call, each its own."""
    return "".join(
        f'def code_{number}():\n    """Say {own.comment}."""\n    return {own.helper}{"  " * own.comment}\n'
        for number, own in settings.items()
    )


def _task_source(tasks: tuple[Task, ...], number: int, own: Settings) -> str:
    task = tasks[number]
    arguments = [f"    {name}: {annotation}," for name, annotation in _annotations(tasks, task)]
    after = f", after={[f't{i}' for i in task.after]}" if task.after else ""
    verify = ", verify=cache_disk.reads_well" if task.verify else ""
    given = ", ".join(f'"{name}": {name}' for name, _ in _annotations(tasks, task))
    return "\n".join(
        [
            f"# {own.comment}",
            f"@wf.job(array={task.array}, version={str(own.version)!r}, cache={own.cache}, code={task.code!r},",
            f"        track={task.track!r}{after}{verify})",
            f"def t{number}(",
            *arguments,
            "    run_dir: RunDir = RunDir(),",
            f") -> {TYPES[task.gives].format(task.of)}:",
            f'    """Say {own.comment}."""',
            f"    code = {own.code}{' ' * own.comment}",
            f"    return cache_disk.called({number}, code + 10 * cache_helpers.code_{number}(), {{{given}}})",
            "",
            "",
        ]
    )


def _annotations(tasks: tuple[Task, ...], task: Task) -> Iterable[tuple[str, str]]:
    for name, take in inputs(task):
        steps = [f"t{source}" for source, _ in take.parts]
        marker = f"steps={steps}" if len(steps) > 1 else repr(steps[0])
        annotation = TYPES[take.wants].format(tasks[take.parts[0][0]].of)
        yield name, f"Annotated[{annotation}, Result({marker}, broadcast={take.broadcast})]"
    for name in task.parameters:
        annotation, marker = PARAMETERS[name]
        yield name, f"Annotated[{annotation}, {marker}]"
