"""Dates and times as ISO 8601 text and back, zones included."""

from __future__ import annotations

from typing import Any

from reflow.values.misfit import Misfit


def write_date(value: Any) -> str:
    """Return ISO 8601 text."""
    text: str = value.isoformat()
    return text


def write_time(value: Any) -> str:
    """Return ISO 8601 text, followed by ``[Zone/Name]`` where the zone has one."""
    return write_date(value) + _zone(value.tzinfo)


def write_datetime(value: Any) -> str:
    """Return ISO 8601 text, followed by ``[Zone/Name]`` where the zone has one."""
    return write_date(value) + _zone(value.tzinfo)


def read_date(text: str) -> object:
    """Return the date of ISO 8601 text."""
    from datetime import date

    return date.fromisoformat(text)


def read_time(text: str) -> object:
    """Return the time that `write_time` wrote; ``Z`` is understood on every Python."""
    from datetime import time

    text, zone = _split(text)
    value = time.fromisoformat(text)
    return value.replace(tzinfo=_named(zone)) if zone else value


def read_datetime(text: str) -> object:
    """Return the datetime that `write_datetime` wrote; ``Z`` is understood on every Python."""
    from datetime import datetime

    text, zone = _split(text)
    value = datetime.fromisoformat(text)
    if not zone:
        return value
    offset = value.utcoffset()
    local = value.replace(tzinfo=_named(zone))
    return local if offset in (None, local.utcoffset()) else local.replace(fold=1)


def _zone(zone: Any) -> str:
    if zone is None:
        return ""
    kind = (type(zone).__module__, type(zone).__qualname__)
    if kind == ("datetime", "timezone"):
        return ""
    if kind[0].startswith("zoneinfo") and kind[1] == "ZoneInfo" and zone.key:
        return f"[{zone.key}]"
    raise Misfit(
        f"a time zone of type {kind[0]}.{kind[1]} is not kept; use zoneinfo.ZoneInfo or datetime.timezone"
    )


def _split(text: str) -> tuple[str, str]:
    text, _, zone = text.removesuffix("]").partition("[")
    return (f"{text[:-1]}+00:00" if text.endswith(("Z", "z")) else text), zone


def _named(zone: str) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(zone)
