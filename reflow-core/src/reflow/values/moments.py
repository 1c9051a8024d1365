"""Dates and times as ISO 8601 text and back, zones included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reflow.values.coder import Misfit
from reflow.values.tagged import is_unicode

_NAME = "name="  #: begins the name of a fixed offset
_SECOND = "[fold=1]"  #: ends a moment that the clock shows for the second time


def write_date(value: Any) -> str:
    """Return ISO 8601 text."""
    text: str = value.isoformat()
    return text


def write_moment(value: Any) -> str:
    """Return ISO 8601 text of a time or datetime, followed by ``[Zone/Name]`` or ``[name=CET]`` where its zone has one.

    ``[fold=1]`` ends it where the clock shows this hour for the second time.
    """
    return write_date(value) + _zone(value.tzinfo) + (_SECOND if value.fold else "")


def read_date(text: str) -> object:
    """Return the date of ISO 8601 text."""
    from datetime import date

    return date.fromisoformat(text)


def read_time(text: str) -> object:
    """Return the time that `write_moment` wrote; ``Z`` is understood on every Python."""
    from datetime import time

    return _read_moment(time.fromisoformat, text)


def read_datetime(text: str) -> object:
    """Return the datetime that `write_moment` wrote; ``Z`` is understood on every Python."""
    from datetime import datetime

    return _read_moment(datetime.fromisoformat, text)


def _read_moment(read: Callable[[str], Any], text: str) -> object:
    moment = text.removesuffix(_SECOND)
    clock, _, zone = moment.removesuffix("]").partition("[")
    value = read(f"{clock[:-1]}+00:00" if clock.endswith(("Z", "z")) else clock)
    value = value.replace(fold=int(moment != text))
    if zone.startswith(_NAME):
        return value.replace(tzinfo=type(value.tzinfo)(value.utcoffset(), zone.removeprefix(_NAME)))
    return _in_zone(value, _named(zone)) if zone else value


def _in_zone(value: Any, zone: Any) -> object:
    """Return a moment in its zone; an offset without a fold says which of two hours it is."""
    for local in (value.replace(tzinfo=zone), value.replace(tzinfo=zone, fold=1)):
        if value.utcoffset() in (None, local.utcoffset()):
            return local
    raise ValueError(f"{zone} has another offset then")


def _zone(zone: Any) -> str:
    if zone is None:
        return ""
    kind = (type(zone).__module__, type(zone).__qualname__)
    if kind == ("datetime", "timezone"):
        return _called(zone)
    if kind[0].startswith("zoneinfo") and kind[1] == "ZoneInfo" and zone.key:
        return f"[{zone.key}]"
    raise Misfit(
        f"a time zone of type {kind[0]}.{kind[1]} is not kept; use zoneinfo.ZoneInfo or datetime.timezone"
    )


def _called(zone: Any) -> str:
    """Return the name that was given to a fixed offset, as ``astimezone()`` does."""
    name = "".join(zone.__getinitargs__()[1:])
    if "[" in name or "]" in name or not is_unicode(name):
        raise Misfit(f"a time zone of the name {name!r} is not kept; give it one without brackets")
    return f"[{_NAME}{name}]" if name else ""


def _named(zone: str) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(zone)
