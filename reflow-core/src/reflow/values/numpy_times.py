"""Times of numpy as text, for those who have no numpy: as numpy itself would write them."""

from __future__ import annotations

import re
from datetime import date

_NOT_A_TIME = -(2**63)
_EPOCH = date(1970, 1, 1).toordinal()
_NAMES = {
    "Y": "years", "M": "months", "W": "weeks", "D": "days", "h": "hours", "m": "minutes", "s": "seconds",
    "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds", "ps": "picoseconds", "fs": "femtoseconds",
    "as": "attoseconds",
}  # fmt: skip
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9, "ps": 12, "fs": 15, "as": 18}  #: of a second


def time_text(dtype: str, count: int) -> str:
    """Return so many units as text: ``2025-01-01T00:00:01`` or ``3 days``."""
    if count == _NOT_A_TIME:
        return "NaT"
    several, unit = re.findall(r"(\d*)([a-zA-Z]*)\]?$", dtype[2:].lstrip("["))[0]
    count *= int(several or 1)
    if dtype.startswith("m8"):
        return f"{count} {_NAMES.get(unit, 'generic time units')}"
    try:
        return _moment(unit, count)
    except (ValueError, OverflowError):  # a year that Python has no date for
        return f"{count} {_NAMES[unit]} since 1970"


def _moment(unit: str, count: int) -> str:
    if unit == "Y":
        return str(date(1970 + count, 1, 1))[:4]
    if unit == "M":
        return str(date(1970 + count // 12, 1 + count % 12, 1))[:7]
    if unit in ("W", "D"):
        return _day(count * 7 if unit == "W" else count)
    if unit in ("h", "m"):
        hours, minutes = divmod(count, 60) if unit == "m" else (count, None)
        return f"{_day(hours // 24)}T{hours % 24:02d}" + ("" if minutes is None else f":{minutes:02d}")
    digits = _DIGITS[unit]
    seconds, fraction = divmod(count, 10**digits)
    clock = f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{_day(seconds // 86400)}T{clock}" + (f".{fraction:0{digits}d}" if digits else "")


def _day(number: int) -> str:
    return str(date.fromordinal(_EPOCH + number))
