"""What a script gives to reflow itself, checked before anything is done with it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from reprlib import repr as short_repr

from reflow.contracts.executor import Executor
from reflow.contracts.store import Store
from reflow.errors import UsageError
from reflow.model.named_tuple import NamedTuple

_NONE = type(None)


class _Wanted(NamedTuple):
    """What an argument may be, in Python and in words."""

    kinds: tuple[type, ...]
    words: str


_SWITCH = _Wanted((bool,), "True or False")
_WANTED = {
    "run": _Wanted((str,), 'the id of a run, a part of one, or "@last"'),
    "run_dir": _Wanted((str, os.PathLike, _NONE), 'a path, such as "runs/demo"'),
    "executor": _Wanted((str, Executor, _NONE), 'a name, such as "local", or an Executor'),
    "store": _Wanted((str, Store, _NONE), 'an address, such as "/scratch/me/store.db", or a Store'),
    "profile": _Wanted((str, _NONE), "the name of a profile in the configuration"),
    "force": _SWITCH,
    "verify": _SWITCH,
    "dry_run": _SWITCH,
    "wait": _SWITCH,
    "as_dict": _SWITCH,
    "params": _Wanted((Mapping, _NONE), 'a dict of parameters by name, such as {"status": "final"}'),
    "timeout": _Wanted((int, float, _NONE), "a number of seconds"),
    "index": _Wanted((int,), "the number of an instance"),
}


def check_arguments(**given: object) -> None:
    """Refuse what an argument of this name cannot be; an empty text names nothing.

    Raises:
        UsageError: One is of another type, or no value of it.
    """
    for name, value in given.items():
        wanted = _WANTED[name]
        is_number = bool in wanted.kinds or not isinstance(value, bool)
        is_something = value != "" and value == value  # which NaN does not
        if not (isinstance(value, wanted.kinds) and is_number and is_something):
            raise _refusal(name, value, wanted.words)


def names_of(argument: str, value: object) -> tuple[str, ...]:
    """Return the names of tasks that an argument holds: one text, or several.

    Raises:
        UsageError: It is neither.
    """
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else (value,)
    if not all(isinstance(name, str) for name in names):
        raise _refusal(argument, value, 'names of tasks, such as ["convert"]')
    return names


def _refusal(name: str, value: object, words: str) -> UsageError:
    return UsageError(f"{name}={short_repr(value)} cannot be meant; it takes {words}")
