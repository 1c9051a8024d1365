"""The Paths inside tagged values, and their stamps."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from reflow.values.tagged import Tagged

_PATHLESS = {str, int, bool, type(None)}
_LISTS = ("$tuple", "$set", "$frozenset")


def absolute(text: str) -> str:
    """Return a path from the root on; ``..`` stays, since before a symbolic link it is no matter of text."""
    if ".." not in text:
        return os.path.abspath(text)
    parts = os.path.join(os.getcwd(), text).split("/")
    return "/" + "/".join(part for part in parts if part not in ("", "."))


def is_file_name(text: str) -> bool:
    """Whether a file of this system could have this path: there are bytes for all its letters, and none is NUL."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def paths_in(tagged: Tagged) -> Iterator[list[Any]]:
    """Yield the ``[text, stamp]`` of each Path in a value, in order; what an adapter made is not looked into."""
    if type(tagged) is dict and "$path" in tagged:
        yield tagged["$path"]
        return
    for child in _children(tagged):
        yield from paths_in(child)


def has_paths(tagged: Tagged) -> bool:
    """Whether there is a Path in a value."""
    return any(True for _ in paths_in(tagged))


def stamped(tagged: Tagged, take: Callable[[str], list[object] | None]) -> Tagged:
    """Return a new value in which each Path has the stamp that ``take`` returns for its text."""
    if type(tagged) is list:
        return [stamped(item, take) for item in tagged]
    if type(tagged) is not dict:
        return tagged
    [(tag, content)] = tagged.items()
    if tag == "$path":
        return {tag: [content[0], take(content[0])]}
    if tag in ("$set", "$frozenset"):
        return {tag: in_order([stamped(item, take) for item in content])}
    if tag in ("$tuple", "$dict"):
        return {tag: stamped(content, take)}
    if tag == "$record":
        name, fields = content
        return {tag: [name, {field: stamped(value, take) for field, value in fields.items()}]}
    return tagged


def in_order(items: list[Tagged]) -> list[Tagged]:
    """Return the items of a set in the order in which they stand: by canonical text, each once."""
    from reflow.values.digests import canonical

    by_text = {canonical(item): item for item in items}
    return [by_text[text] for text in sorted(by_text)]


def _children(node: Tagged) -> Iterator[Tagged]:
    if type(node) is dict:
        [(tag, content)] = node.items()
        if tag in _LISTS:
            node = content
        elif tag == "$dict":
            node = [part for pair in content for part in pair]
        elif tag == "$record":
            node = list(content[1].values())
    if type(node) is list and not set(map(type, node)) <= _PATHLESS:
        yield from node
