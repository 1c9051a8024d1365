"""A run that meets a second fault while it recovers from a kill comes to what an undisturbed one does."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from crash_faults import BROKEN, FULL, KILL, Fault

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.usefixtures("strace")]

#: Where a first kill comes: from the making of the run to its end.
FIRST = {
    "fsync": (12, 35),
    "fdatasync": (12, 80),
    "pwrite64": (90, 400),
    "unlink": (15, 40),
    "rename": (4, 10),
}
#: Where a second fault comes: the lease is taken over first, then outcomes are taken in and work is handed over.
SECOND = {"fsync": 12, "fdatasync": 40, "pwrite64": 150, "unlink": 12, "rename": 6, "link": 3, "mkdir": 6}


def pairs(count: int, what: str) -> Iterator[tuple[Fault, Fault]]:
    """Yield pairs of faults, the same at each run of the tests; every kind of second call has its turn."""
    random = Random(what)
    for number in range(count):
        call = random.choice([*FIRST])
        again = [*SECOND][number % len(SECOND)]
        yield (
            Fault(call, KILL, random.randint(*FIRST[call])),
            Fault(again, what, random.randint(1, SECOND[again])),
        )


@pytest.mark.parametrize(("what", "count"), [(KILL, 42), (FULL, 14), (BROKEN, 14)])
def test_a_second_fault_loses_and_repeats_nothing(rig, what, count):
    came = rig.try_all(pairs(count, what), lambda pair: rig.try_twice(*pair), to_the_end=True)

    assert came >= count // 3
