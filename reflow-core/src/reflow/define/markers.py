"""What stands in a task's signature: `Param`, `Result` and `RunDir`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from reflow.errors import DefinitionError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TypeAlias

    TaskRef: TypeAlias = str | Callable[..., Any]  # a task's name, or its function

TRACKS = ("stat", "content", "path")  #: how a Path is told from what it was; see `reflow.filesystem.stamps`


class Missing:
    """The one value of this class, `MISSING`, stands where no value was given (None may be one)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = Missing()


class Param:
    """A parameter that is given on the command line or in ``submit()``.

    Args:
        help: What ``submit --help`` says about it.
        short: A one-letter flag, such as ``"-s"``.
        namespace: ``"global"``: one ``--name`` for all tasks; ``"local"``: a ``--task-name`` of this task.
        choices: The only values that it takes; of a list, a set or a ``tuple[T, ...]``, what each item may be.
        metavar: What stands for the value in the help.
        secret: Never shown, logged or stored; asked for, or read from a file or the environment.
        track: How a Path is told from what it was: ``"stat"`` (size and time, the default), ``"content"``
            (its bytes), ``"path"`` (its name alone, as for a path that names an output).
    """

    __slots__ = ("choices", "help", "metavar", "namespace", "secret", "short", "track")

    def __init__(
        self,
        help: str = "",  # noqa: A002  # the word of argparse and of the seed
        *,
        short: str | None = None,
        namespace: str = "global",
        choices: Iterable[object] | None = None,
        metavar: str | None = None,
        secret: bool = False,
        track: str | None = None,
    ) -> None:
        if not isinstance(help, str):
            raise DefinitionError(f"Param(help={help!r}): a help text is text")
        if namespace not in ("global", "local"):
            raise DefinitionError(f"Param(namespace={namespace!r}): it is 'global' or 'local'")
        self.help = help
        self.short = _short(short)
        self.namespace = namespace
        self.choices = _choices(choices)
        self.metavar = _metavar(metavar)
        self.secret = _switch("Param", "secret", secret)
        self.track = check_track("Param", track)

    def __repr__(self) -> str:
        return _show("Param", self, ("help", "short", "namespace", "choices", "metavar", "secret", "track"))


class Result:
    """What another task returned.

    Args:
        step: A task's name or its function; how its value arrives follows from both annotations.
        steps: Several of them, whose elements are put one after the other.
        broadcast: Give every instance of an array task the whole value.
        track: ``"path"`` to trust the names of files in it, as where elements write into one store: whether they are
            as they were returned is not looked at. Else they are told as the task says that returns them.
    """

    __slots__ = ("broadcast", "several", "steps", "track")

    def __init__(
        self,
        step: TaskRef | None = None,
        *,
        steps: Sequence[TaskRef] | None = None,
        broadcast: bool = False,
        track: str | None = None,
    ) -> None:
        if (step is None) == (steps is None):
            raise DefinitionError('Result takes step="name" or steps=["a", "b"], exactly one of them')
        self.several = steps is not None
        self.steps = task_refs("Result", (step,) if step is not None else steps)
        self.broadcast = _switch("Result", "broadcast", broadcast)
        self.track = check_track("Result", track)
        if self.track not in (None, "path"):
            raise DefinitionError(
                f"Result(track={track!r}): files in a result are told by what the task says that returns them; "
                f'write track={track!r} there, or track="path" here to trust their names'
            )

    def __repr__(self) -> str:
        names = [step if isinstance(step, str) else step.__name__ for step in self.steps]
        steps = f"steps={names!r}" if self.several else f"step={names[0]!r}"
        return f"Result({steps}{', broadcast=True' if self.broadcast else ''})"

    def renamed(self, steps: tuple[TaskRef, ...]) -> Result:
        """Return the same marker for tasks that are called otherwise now."""
        if self.several:
            return Result(steps=steps, broadcast=self.broadcast, track=self.track)
        return Result(steps[0], broadcast=self.broadcast, track=self.track)


if TYPE_CHECKING:
    RunDir: TypeAlias = Path
else:

    class RunDir:
        """The directory of the run, injected as a `pathlib.Path`; it never is a parameter.

        Outside a run ``RunDir()`` behaves as ``Path(".")`` in every way, so that a task can be called
        and tested as the function that it is. It becomes one when it is first used: importing pathlib
        would cost every flow more than all of reflow.
        """

        __slots__ = ()

        @property
        def __class__(self):
            return type(_here())

        def __getattr__(self, name):
            return getattr(_here(), name)

        def __fspath__(self):
            return "."

        def __str__(self):
            return "."

        def __repr__(self):
            return "RunDir()"

        def __hash__(self):
            return hash(_here())

        def __eq__(self, other):
            return _here() == (_here() if type(other) is RunDir else other)

        def __lt__(self, other):
            return _here() < other

        def __gt__(self, other):
            return _here() > other

        def __truediv__(self, other):
            return _here() / other

        def __rtruediv__(self, other):
            return other / _here()

        def __reduce__(self):
            return (RunDir, ())


def _here() -> Path:
    from pathlib import Path

    return Path()


def is_run_dir(value: object) -> bool:
    """Whether a default or an annotation is `RunDir` or an instance of it."""
    return value is RunDir or type(value) is RunDir


def task_refs(where: str, given: object) -> tuple[TaskRef, ...]:
    """Return what names tasks: names and functions, one or a list of them.

    Raises:
        DefinitionError: One of them is neither, or there is none.
    """
    refs = tuple(given) if isinstance(given, list | tuple) else (given,)
    for ref in refs:
        if not (isinstance(ref, str) and ref) and not callable(ref):
            raise DefinitionError(f"{where}: {ref!r} names no task; give its name as text, or its function")
    if not refs:
        raise DefinitionError(f"{where}: the list of tasks is empty; name at least one")
    return refs


def check_track(where: str, track: object) -> str | None:
    """Return how Paths are tracked, or None when that was not said."""
    if track is not None and track not in TRACKS:
        words = ", ".join(map(repr, TRACKS))
        raise DefinitionError(f"{where}(track={track!r}): it is one of {words}")
    return track


def _metavar(metavar: object) -> str | None:
    if metavar is None or (isinstance(metavar, str) and metavar):
        return metavar
    raise DefinitionError(f"Param(metavar={metavar!r}): it is a word for the help")


def _switch(where: str, name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise DefinitionError(f"{where}({name}={value!r}): it is True or False")
    return value


def _short(short: object) -> str | None:
    if short is None:
        return None
    letter = short[1:] if isinstance(short, str) and short.startswith("-") else short
    if not isinstance(letter, str) or len(letter) != 1 or not letter.isalpha():
        raise DefinitionError(f"Param(short={short!r}): a short flag is one letter, such as short='-s'")
    return f"-{letter}"


def _choices(choices: object) -> tuple[object, ...] | None:
    if choices is None:
        return None
    if isinstance(choices, str) or not isinstance(choices, Iterable):
        raise DefinitionError(f"Param(choices={choices!r}): give a list of values")
    values = tuple(choices)
    if not values:
        raise DefinitionError("Param(choices=[]): no value would be allowed; leave choices out")
    return values


def _show(name: str, marker: object, fields: tuple[str, ...]) -> str:
    plain: tuple[object, ...] = (None, "", False, "global")
    said = [f"{f}={getattr(marker, f)!r}" for f in fields if getattr(marker, f) not in plain]
    return f"{name}({', '.join(said)})"
