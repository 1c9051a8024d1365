"""Tagged values for people, in one line."""

from __future__ import annotations

from typing import Any

from reflow.values.tagged import Tagged, tag_of, text_of, unescaped

_MORE = ".."
_BRACKETS = {"list": ("[", "]"), "$tuple": ("(", ")"), "$set": ("{", "}"), "$frozenset": ("{", "}")}


def show(tagged: Tagged, limit: int = 60) -> str:
    """Return a value as one line of at most ``limit`` characters: ``'b.nc'``, ``256``, ``[1, 2, ..]``."""
    text = _show(tagged, limit)
    return text if len(text) <= limit else text[: max(0, limit - len(_MORE))] + _MORE


def tag_label(tagged: Tagged) -> str:
    """Return the name of a value's type, as it would be written; empty for None."""
    tag = tag_of(tagged)
    if tag in ("$record", "$enum"):
        return str(tagged[tag][0]).rpartition(":")[2].rpartition("<locals>.")[2]
    if tag == "$numpy":
        return f"numpy.{tagged[tag][0]}"
    return {"none": "", "$path": "Path", "$uuid": "UUID", "$decimal": "Decimal", "?": "object"}.get(
        tag, tag.removeprefix("$")
    )


def _show(node: Tagged, room: int) -> str:
    tag = tag_of(node)
    if tag in _BRACKETS:
        return _show_items(tag, node if tag == "list" else node[tag], room)
    if not tag.startswith("$"):
        return repr(node[: room + 1]) if tag == "str" else repr(node)
    content = node[tag]
    if tag == "$dict":
        return (
            "{"
            + _join((f"{_show(key, room)}: {_show(value, room)}" for key, value in content[:room]), room)
            + "}"
        )
    if tag == "$record":
        fields = (f"{name}={_show(value, room)}" for name, value in content[1].items())
        return f"{tag_label(node)}({_join(fields, room)})"
    return _show_scalar(tag, content)


def _show_scalar(tag: str, content: Any) -> str:
    if tag == "$path":
        return repr(content[0])
    if tag == "$enum":
        return str(content[1])
    if tag == "$str":
        return repr(unescaped(content))
    if tag == "$secret":
        return "***"
    if tag == "$complex":
        return f"{content[0]}{'' if content[1].startswith('-') else '+'}{content[1]}j"
    if tag == "$timedelta":
        return _show_timedelta(content[0], content[1], content[2])
    if tag == "$numpy":
        return _show_numpy(content[0], content[1])
    if tag == "$adapter":
        return str(content[1])
    return str(content)


def _show_numpy(name: str, text: str) -> str:
    if name.startswith(("M8", "m8")):
        from reflow.values.numpy_times import time_text

        return time_text(name, int(text))
    if name.startswith("complex"):
        return _show_scalar("$complex", text.split(" "))
    if name == "bool":
        return str(text == "1")
    return repr(text_of(text)) if name == "str" else text


def _show_timedelta(days: int, seconds: int, microseconds: int) -> str:
    fraction = f".{microseconds:06d}" if microseconds else ""
    clock = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"
    return f"{days}d {clock}" if days else clock


def _show_items(tag: str, items: list[Tagged], room: int) -> str:
    if not items and tag in ("$set", "$frozenset"):
        return "set()"
    opening, closing = _BRACKETS[tag]
    comma = "," if tag == "$tuple" and len(items) == 1 else ""
    return opening + _join((_show(item, room) for item in items), room) + comma + closing


def _join(texts: Any, room: int) -> str:
    shown: list[str] = []
    room -= 4  # brackets and the dots
    for text in texts:
        room -= len(text) + 2
        if room < 0:
            shown.append(text[: max(0, room + len(text))] + _MORE if not shown else _MORE)
            break
        shown.append(text)
    return ", ".join(shown)
