"""What is different between an instance and earlier results of the same task: the parts of their identities."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reflow.model.named_tuple import NamedTuple
from reflow.model.records import EarlierResult
from reflow.plan.identity import split_digests
from reflow.values.digests import canonical

NONE = ""  #: stands for a part that one of the two does not have


class Part(NamedTuple):
    """One part of an identity.

    Attributes:
        kind: ``version``, ``code``, ``classes`` (what is returned is made of), ``input``, or ``after`` (what the
            tasks returned that it comes after).
        name: The parameter of an ``input``, the number of an ``after``; empty for the others.
    """

    kind: str
    name: str = ""


Parts = Mapping[Part, str]  #: each part as text: a digest in hex, or the version itself


def parts_of(shared: str, varying: Sequence[str], own: bytes) -> Parts:
    """Return the parts that an identity was made from.

    Args:
        shared: What all instances of the task share, as `reflow.plan.identity.Recipe.parts`.
        varying: The names of the parameters that differ per instance.
        own: Their digests, concatenated in that order.
    """
    told: Mapping[str, Any] = json.loads(shared or "{}")
    found = {Part("version"): str(told.get("version", NONE)), Part("code"): str(told.get("code", NONE))}
    if classes := told.get("classes"):
        found[Part("classes")] = canonical(classes)
    found |= {Part("input", name): value for name, value in told.get("shared", {}).items()}
    found |= _own_parts(varying, own)
    found |= {Part("after", str(number)): value for number, value in enumerate(told.get("after", ()))}
    return found


def _own_parts(varying: Sequence[str], own: bytes) -> Parts:
    return {
        Part("input", name): digest.hex() for name, digest in zip(varying, split_digests(own), strict=False)
    }


class Made(NamedTuple):
    """An earlier result, and the parts that it was made from."""

    result: EarlierResult
    parts: Parts


def made_from(results: Iterable[EarlierResult]) -> list[Made]:
    """Return results with the parts that they were made from."""
    shared: dict[str, Parts] = {}  # many have a context in common
    found = []
    for result in results:
        context = result.context
        if context.parts not in shared:
            shared[context.parts] = parts_of(context.parts, (), b"")
        found.append(Made(result, {**shared[context.parts], **_own_parts(context.varying, result.parts)}))
    return found


def differing(then: Parts, now: Parts) -> list[Part]:
    """Return the parts that are not the same, in the order of ``now``, those that are gone last."""
    return [part for part in {**now, **then} if then.get(part, NONE) != now.get(part, NONE)]


def nearest(now: Parts, index: int, earlier: Sequence[Made]) -> Made | None:
    """Return the result that shares most with an instance; of several, that of its own index, then the newest.

    Args:
        earlier: Newest first.
    """

    def distance(made: Made) -> tuple[int, bool, bool]:
        differs = len(differing(made.parts, now))
        return differs, made.result.index != index, made.result.stale is not None

    return min(earlier, key=distance, default=None)


class Commonest(NamedTuple):
    """What differs most often between instances and the results nearest to them.

    Attributes:
        part: None where nothing does: there were equal results, which could not be taken.
        result: One of these results.
    """

    part: Part | None
    result: EarlierResult


def commonest(instances: Iterable[tuple[int, Parts]], earlier: Sequence[Made]) -> Commonest | None:
    """Return what differs most often, of instances by index; None where there is no earlier result."""
    counts: dict[Part | None, int] = {}
    examples: dict[Part | None, EarlierResult] = {}
    for index, now in instances:
        found = nearest(now, index, earlier)
        if found is None:
            return None
        differs: list[Part | None] = [*differing(found.parts, now)]
        for part in differs or [None]:
            counts[part] = counts.get(part, 0) + 1
            examples.setdefault(part, found.result)
    if not counts:
        return None
    most = max(counts, key=lambda part: counts[part])
    return Commonest(most, examples[most])
