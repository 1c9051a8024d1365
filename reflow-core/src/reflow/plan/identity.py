"""
What an instance is known by: its task, its version, what it returns, and the value of every parameter.

A value stands for itself by its digest. What all instances of a task share (parameters, broadcast results)
is digested once; only what differs is digested per instance.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from reflow.graph.model import Node
from reflow.values.digests import DIGEST_SIZE, canonical, digest, sha256
from reflow.values.grammar import Grammar, classes_in


class Recipe:
    """How the identities of one task's instances are made, once its shared digests are known.

    The classes that a task returns are a part, with their fields: a value carries the name of its class, and once
    that has moved to another module, or has other fields, nobody can read it as what it was.

    Args:
        classes: Those of results that were made before; default: those of the task.

    Attributes:
        varying: Names of the parameters whose digest differs per instance, in order.
        parts: The shared parts as JSON text, for the record.
    """

    def __init__(
        self,
        node: Node,
        shared: Mapping[str, bytes],
        varying: Sequence[str],
        after: Sequence[bytes],
        classes: list[Grammar] | None = None,
    ) -> None:
        self.varying = tuple(sorted(varying))
        names = sorted({*shared, *varying})
        code = node.code_hash if node.code == "auto" else ""
        made_of = classes_in(node.returns) if classes is None else classes
        head = digest("task", [node.key, node.version, code, made_of, names, len(after)])
        self._pieces: list[bytes | None] = [head]
        self._pieces += [shared.get(name) for name in names]
        self._tail = b"".join(after)
        self.parts = canonical(
            {
                "task": node.key,
                "version": node.version,
                "code": code,
                "classes": made_of,
                "shared": {name: value.hex() for name, value in shared.items()},
                "after": [value.hex() for value in after],
            }
        )

    def identity(self, own: Sequence[bytes]) -> bytes:
        """Return the identity of the instance that has these digests for the varying parameters."""
        mine = iter(own)
        pieces = [piece if piece is not None else next(mine) for piece in self._pieces]
        found: bytes = sha256(b"instance\0" + b"".join(pieces) + self._tail).digest()
        return found


def varying_names(node: Node, shared: Collection[str]) -> tuple[str, ...]:
    """Return the parameters whose digests differ per instance, in the order of an instance's ``parts``."""
    return tuple(sorted(e.name for e in node.inputs if e.kind != "run_dir" and e.name not in shared))


def split_digests(joined: bytes) -> list[bytes]:
    """Return the digests that were concatenated."""
    return [joined[start : start + DIGEST_SIZE] for start in range(0, len(joined), DIGEST_SIZE)]
