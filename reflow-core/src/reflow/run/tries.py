"""How often an instance was tried in vain, by whose fault, and what follows for its next try."""

from __future__ import annotations

import json
from collections.abc import Sequence

from reflow.model.named_tuple import NamedTuple
from reflow.model.records import InstanceRow

BACK_OFF_S = (60, 300, 900)  #: before an instance is handed over again after a fault of the machines
_EXCLUDED = 3  #: nodes that are left out at most, the last ones that failed


class Tries(NamedTuple):
    """The tries of one instance that went wrong, as ``InstanceRow.tries`` keeps them.

    Attributes:
        task: Those that the task's ``retries`` are spent on.
        infra, preempt: Those that were not the task's fault.
        lost: How often it was handed over and not even started.
        bad: The nodes that failed, the last one last.
    """

    task: int = 0
    infra: int = 0
    preempt: int = 0
    lost: int = 0
    bad: tuple[str, ...] = ()

    def charged(self, budget: str, node: str = "") -> Tries:
        """Return these and one more; a budget that is empty is charged to nobody."""
        if not budget:
            return self
        bad = (*(known for known in self.bad if known != node), node)[-_EXCLUDED:] if node else self.bad
        return self._replace(**{budget: getattr(self, budget) + 1}, bad=bad)

    def text(self) -> str | None:
        """Return them as the ledger keeps them; None when there are none."""
        said = {name: value for name, value in self._asdict().items() if value}
        return json.dumps(said) if said else None

    @property
    def begin_s(self) -> int:
        """In how many seconds the next try may begin."""
        faults = self.infra + self.preempt
        return BACK_OFF_S[min(faults, len(BACK_OFF_S)) - 1] if faults else 0


NONE = Tries()  #: of an instance of which nothing went wrong yet


def tries_of(row: InstanceRow) -> Tries:
    """Return the tries of an instance."""
    if not row.tries:
        return NONE
    said = json.loads(row.tries)
    return Tries(**{**said, "bad": tuple(said.get("bad", ()))})


class Wave(NamedTuple):
    """Instances of one task that are handed over alike: when, and where not."""

    begin_s: int
    exclude: tuple[str, ...]
    rows: Sequence[InstanceRow]


def waves(rows: Sequence[InstanceRow]) -> list[Wave]:
    """Return the instances of a task by when and where they may begin."""
    found: dict[tuple[int, tuple[str, ...]], list[InstanceRow]] = {}
    for row in rows:
        if row.tries is None:
            found.setdefault((0, ()), []).append(row)
        else:
            tries = tries_of(row)
            found.setdefault((tries.begin_s, tries.bad), []).append(row)
    return [Wave(*alike, own) for alike, own in sorted(found.items())]
