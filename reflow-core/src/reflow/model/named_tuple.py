"""Named tuples that cost little to make: every command of reflow makes dozens of these classes before it starts.

`typing.NamedTuple` compiles a function for each class, and the text of each annotation, which takes ten times as long.
Type checkers see `typing.NamedTuple`, and at run time these classes do what it says of theirs, but are never generic.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    _MOST = 24  #: fields of one class
    _PLACES = namedtuple("_Places", [f"place_{place}" for place in range(_MOST)])
    _GETTERS = [vars(_PLACES)[name] for name in _PLACES._fields]  # each gives what stands there, of any tuple

    class _Maker(type):
        """Gives a class its fields: what is annotated in its body, in that order."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body[field] for field in fields if field in body}
            body.update(zip(fields, _GETTERS[: len(fields)], strict=True))
            body.update(__slots__=(), __match_args__=fields, _fields=fields, _field_defaults=defaults)
            return type.__new__(cls, name, bases, body)

    class NamedTuple(tuple, metaclass=_Maker):
        """The class that all of them are made from."""

        def __new__(cls, *given: Any, **named: Any) -> Any:
            if named or len(given) != len(cls._fields):
                given = _completed(cls, given, named)
            return tuple.__new__(cls, given)

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

    def _completed(cls: Any, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """Return the values of all fields, of which some are given by name, and some not at all."""
        rest, defaults = cls._fields[len(given) :], cls._field_defaults
        try:
            values = [named.pop(field) if field in named else defaults[field] for field in rest]
        except KeyError as missing:
            raise TypeError(f"{cls.__name__} is not given its {missing}") from None
        if named or len(given) > len(cls._fields):
            raise TypeError(
                f"{cls.__name__} is given {[*named] or given[len(cls._fields) :]}, which it has no field for"
            )
        return (*given, *values)
