"""What stands for values of a notebook or of a closure that no statement tells: text, the same in any session."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_ITEMS = 1_000  #: of what is taken for a constant, those of lists within it too
_DEPTH = 10  #: of lists within lists: one that holds itself has no end


def constant_text(value: object) -> str | None:
    """Return a text for a plain value, or a short list, tuple, dict or set of such; None for anything else."""
    left = _ITEMS

    def text(value: object, depth: int) -> str | None:
        nonlocal left
        if type(value) in _PLAIN:
            return ascii(value)
        if not depth or not isinstance(value, (list, tuple, dict, set, frozenset)) or len(value) > left:
            return None
        left -= len(value)
        texts = [text(item, depth - 1) for item in (value.items() if isinstance(value, dict) else value)]
        plain = [one for one in texts if one is not None]
        if len(plain) < len(texts):
            return None
        if isinstance(value, (set, frozenset)):
            plain.sort()  # their order is another one in each process
        return f"{type(value).__name__}({','.join(plain)})"

    return text(value, _DEPTH)


def class_text(value: type) -> str:
    """Return a text for a class but its methods and bases: its fields, their types, and what it gives them."""
    own = {name: constant_text(one) for name, one in vars(value).items() if not name.startswith("__")}
    members = getattr(value, "__members__", {})
    own |= {name: constant_text(member.value) for name, member in members.items()}
    fields = {name: str(one) for name, one in vars(value).get("__annotations__", {}).items()}
    made_by = str(vars(value).get("__dataclass_params__", ""))
    return ascii((value.__qualname__, list(fields.items()), sorted(own.items()), made_by))


def functions_of(value: type) -> Iterator[Any]:
    """Yield the functions that a class was written with."""
    for own in vars(value).values():
        plain = getattr(own, "fget", None) or getattr(own, "__func__", own)
        if isinstance(plain, FunctionType):
            yield plain
