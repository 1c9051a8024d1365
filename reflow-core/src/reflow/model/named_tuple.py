"""Named tuples that cost little to make: every command of reflow makes dozens of these classes before it starts.

`typing.NamedTuple` compiles a function for each class, and the text of each annotation, which takes ten times as long.
Here classes with as many fields share one that is compiled, under other names of its arguments. Type checkers see
`typing.NamedTuple`, and at run time these classes do what it says of theirs, but are never generic.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:

    @cache
    def _like(length: int) -> tuple[FunctionType, list[Any]]:
        """Return the function that makes a tuple of so many fields, and what looks each of them up."""
        made = namedtuple("_Like", [f"field_{number}" for number in range(length)])
        return made.__new__, [vars(made)[name] for name in made._fields]

    class _Maker(type):
        """Gives a class its fields: what is annotated in its body, in that order."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body[field] for field in fields if field in body}
            new, getters = _like(len(fields))
            code = new.__code__.replace(co_varnames=("_cls", *fields))
            body.update(zip(fields, getters, strict=True))
            body.update(__slots__=(), __match_args__=fields, _fields=fields, _field_defaults=defaults)
            body["__new__"] = FunctionType(code, new.__globals__, "__new__", tuple(defaults.values()))
            return type.__new__(cls, name, bases, body)

    class NamedTuple(tuple, metaclass=_Maker):
        """The class that all of them are made from."""

        @classmethod
        def _make(cls, values: Iterable[Any]) -> Any:
            return cls(*values)

        def _replace(self, **changed: Any) -> Any:
            made = tuple.__new__(type(self), map(changed.pop, self._fields, self))
            if changed:
                raise ValueError(f"Got unexpected field names: {list(changed)!r}")
            return made

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self) -> str:
            said = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({said})"

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)
