"""What differs between two codes, told by the definitions that they are made of."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping

SHOWN = 4  #: definitions that are named


def changed_definitions(then: Iterable[str], now: str) -> list[str]:
    """Return what differs between several earlier codes and the present one, as ``file:name`` in sorted order.

    Args:
        then, now: What codes are made of, as the store keeps it.
    """
    present = json.loads(now)
    changed: set[str] = set()
    for text in then:
        earlier = json.loads(text)
        changed.update(part for part in earlier.keys() | present if earlier.get(part) != present.get(part))
    return sorted(changed)


def told_definitions(changed: Collection[str], now: Mapping[str, str], own: str) -> str:
    """Return definitions in words: ``clip and LIMIT in tools.py, old (gone) in flow.py``.

    Args:
        own: The file of the task, which parts of it do not name.
    """
    if not changed:
        return "what changed is not known any more"
    shown = list(changed)[:SHOWN]
    by_file: dict[str, list[str]] = {}
    for part in shown:
        file, _, name = part.rpartition(":")
        by_file.setdefault(file or os.path.basename(own), []).append(
            name if part in now else f"{name} (gone)"
        )
    text = ", ".join(f"{_joined(names)} in {file}" for file, names in by_file.items())
    more = len(changed) - len(shown)
    return f"{text} and {more} more" if more else text


def _joined(names: list[str]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
