"""The arguments of a decorator, checked and made into settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reflow.define.markers import check_track, task_refs
from reflow.errors import DefinitionError
from reflow.model.named_tuple import NamedTuple
from reflow.model.resources import Resources, parse_mem, parse_time

if TYPE_CHECKING:
    from typing import TypedDict

    from reflow.define.markers import TaskRef

    class TaskArguments(TypedDict, total=False):
        """What `Flow.job` and `Flow.array_job` take."""

        name: str
        cpus: int
        mem: str | int
        time: str | int
        gpus: int
        nodes: int
        ntasks: int
        partition: str
        queue: str
        account: str
        qos: str
        after: TaskRef | Sequence[TaskRef]
        version: str | int
        cache: bool
        code: str
        verify: str | Callable[[Any], object]
        retries: int
        requeue: bool
        track: str
        array_parallelism: int
        pack: int
        workers: int
        submit_options: Sequence[str] | Mapping[str, object]

    class JobArguments(TaskArguments, total=False):
        """What `Flow.job` takes."""

        array: bool


class TaskSettings(NamedTuple):
    """What a decorator says about a task, beyond its function.

    Attributes:
        after: Tasks that must have ended first, without their values.
        code: What changed code does to reuse: ``warn``, ``auto``, ``version``; empty for the default.
        verify: What checks a kept output: a callable, a verifier's name, or None for what its type says.
        track: How Paths in its output are told from what they were, or None for the default.
        pack: Instances that one element of an array works through.
        workers: How many of these it runs at a time.
        given: The names of the arguments that were written down.
    """

    resources: Resources = Resources()
    after: tuple[TaskRef, ...] = ()
    version: str = "1"
    cache: bool = True
    code: str = ""
    verify: str | Callable[[Any], object] | None = None
    retries: int = 0
    track: str | None = None
    pack: int = 1
    workers: int = 1
    given: frozenset[str] = frozenset()


NAME_LIMIT = 64  #: characters in the name of a flow or of a task, its prefix included
CHECKSUM = "checksum"  #: the verifier that needs what ``track="content"`` keeps
CODE_RULES = ("warn", "auto", "version")
ARRAY_ONLY = ("array_parallelism", "pack", "workers")

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"  # compiled when it is first used
_OPTION = r"-[A-Za-z]\S*|--[A-Za-z][A-Za-z0-9_-]*(=.*)?"  # compiled when it is first used


def check_name(kind: str, name: object) -> str:
    """Return a name that may stand in paths, job names and ids.

    Raises:
        DefinitionError: It is no text, too long, or holds other characters than letters, digits and ``._-``.
    """
    if not isinstance(name, str):
        raise DefinitionError(f"the name of a {kind} is text, not {name!r}")
    if len(name) > NAME_LIMIT:
        raise DefinitionError(
            f"the {kind} name {name!r} has {len(name)} characters; at most {NAME_LIMIT} are allowed"
        )
    if not re.fullmatch(_NAME, name):
        raise DefinitionError(
            f"{name!r} is no name for a {kind}: use letters, digits and '._-', beginning with a letter or digit"
        )
    return name


def read_settings(arguments: Mapping[str, Any], *, array: bool) -> TaskSettings:
    """Return the settings that a decorator's arguments ask for.

    Raises:
        DefinitionError: There is no argument of this name, or one has a value that it cannot have.
    """
    for name in arguments:
        if name not in _READERS:
            raise DefinitionError(_unknown(name, array=array))
    if "partition" in arguments and "queue" in arguments:
        raise DefinitionError("partition= and queue= mean the same; keep one")
    if not array and (odd := [name for name in ARRAY_ONLY if name in arguments]):
        raise DefinitionError(
            f"{odd[0]}= is for array tasks; write @array_job({odd[0]}=...), or leave it out"
        )
    read: dict[str, Any] = {name: _READERS[name](name, value) for name, value in arguments.items()}
    if "queue" in read:
        read["partition"] = read.pop("queue")
    resources = Resources(
        **{_FIELDS.get(n, n): v for n, v in read.items() if _FIELDS.get(n, n) in Resources._fields}
    )
    if read.get("verify") == CHECKSUM and read.setdefault("track", "content") != "content":
        raise DefinitionError(
            f'verify="{CHECKSUM}" compares the bytes, which track={read["track"]!r} does not keep a checksum of; '
            'write track="content", or leave track= out'
        )
    others = {name: value for name, value in read.items() if name in TaskSettings._fields}
    return TaskSettings(resources=resources, given=frozenset(read), **others)


def _unknown(name: str, *, array: bool) -> str:
    from reflow.define.names import nearest

    known = [*_READERS, "name", *([] if array else ["array"])]
    meant = nearest(name, known)
    hint = f"did you mean {meant!r}?" if meant else "it takes " + ", ".join(sorted(known))
    return f"@{'array_job' if array else 'job'} takes no argument {name!r}; {hint}"


def _count(minimum: int) -> Callable[[str, object], int]:
    def read(name: str, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise DefinitionError(f"{name}={value!r}: it is a whole number, at least {minimum}")
        return value

    return read


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise DefinitionError(f"{name}={value!r}: it is True or False")
    return value


def _word(name: str, value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise DefinitionError(f"{name}={value!r}: it is text of printable characters")
    return value


def _version(name: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _word(name, value)


def check_code(name: str, value: object) -> str:
    """Return what a changed source does to reuse, checked."""
    if value not in CODE_RULES:
        raise DefinitionError(f"{name}={value!r}: it is one of {', '.join(map(repr, CODE_RULES))}")
    return str(value)


def _verify(name: str, value: object) -> object:
    if callable(value):
        return value
    if not isinstance(value, str):
        raise DefinitionError(f"{name}={value!r}: it is a function of the output, or the name of a verifier")
    return check_name("verifier", value)


def _submit_options(name: str, value: object) -> tuple[str, ...]:
    options = [_option(key, v) for key, v in value.items()] if isinstance(value, Mapping) else value
    if isinstance(options, str) or not isinstance(options, Sequence):
        raise DefinitionError(f"{name}={value!r}: it is a list of options, such as ['--constraint=gpu']")
    for option in options:
        if not isinstance(option, str) or not option.isprintable() or not re.fullmatch(_OPTION, option):
            raise DefinitionError(
                f"{name}: {option!r} has not the form '--name=value', '--name' or '-Nvalue'"
            )
    return tuple(options)


def _option(key: object, value: object) -> str:
    name = str(key).lstrip("-")
    if isinstance(value, bool | None):
        if value is False:
            raise DefinitionError(f"submit_options: {key!r} is False; leave it out")
        return f"--{name}"
    return f"--{name}={value}"


_FIELDS = {"mem": "mem_mib", "time": "time_s"}
_READERS: dict[str, Callable[[str, Any], object]] = {
    "cpus": _count(1),
    "mem": lambda name, value: parse_mem(value),
    "time": lambda name, value: parse_time(value),
    "gpus": _count(0),
    "nodes": _count(1),
    "ntasks": _count(1),
    "partition": _word,
    "queue": _word,
    "account": _word,
    "qos": _word,
    "after": task_refs,
    "version": _version,
    "cache": _flag,
    "code": check_code,
    "verify": _verify,
    "retries": _count(0),
    "requeue": _flag,
    "track": check_track,
    "array_parallelism": _count(1),
    "pack": _count(1),
    "workers": _count(1),
    "submit_options": _submit_options,
}
