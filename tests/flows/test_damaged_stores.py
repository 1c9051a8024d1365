"""A ledger or a store that was cut off, or in which a byte was flipped, is as it was or is named as damaged.

Made anew, it says what it said before; and a submit after that comes to the same values.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

CUTS, FLIPS = 50, 100  #: of each kind of file
READS = ("status", "results", "logs", "why", "verify")
NAMES = ["a", "b", "c"]


class Bench:
    """Two runs of a user, the second of which reuses and fails in part, and copies of all their files."""

    def __init__(self, lab, wf, capsys):
        self.lab, self.wf, self.capsys = lab, wf, capsys
        lab.submit(wf, names=NAMES[:2])
        run_dir = lab.new_run_dir()
        run_dir.mkdir()
        (run_dir / "broken c").touch()
        self.seen = lab.submit(wf, run_dir=run_dir, names=NAMES)
        (run_dir / "broken c").unlink()
        self.id = self.seen.run.id
        self.root = run_dir / ".reflow" / self.id
        self.files = {"ledger": self.root / "ledger.db", "store": Path(lab.store)}
        self.whole = lab.place / "whole"
        self.whole.mkdir()
        for what, path in self.files.items():
            shutil.copy(path, self.whole / what)
        self.said = {command: self.type(command) for command in READS}
        self.listed = self.type("runs")

    def type(self, command: str, *words: str) -> tuple[int, object, str]:
        """Type a command about the second run; return its exit code, its facts and what else it said."""
        run = () if command == "runs" else (self.id,)
        where = ("--run-dir", str(self.seen.run_dir)) if command != "runs" else ()
        return self.reflow(command, *run, *words, *where, "--json")

    def reflow(self, *words: str) -> tuple[int, object, str]:
        code, out, err = self.lab.type(self.capsys, *words)
        return code, _without_times(json.loads(out)) if out else None, err

    def restore(self) -> None:
        for what, path in self.files.items():
            shutil.copy(self.whole / what, path)
            for beside in path.parent.glob(f"{path.name}.damaged-*"):
                beside.unlink()

    def damages(self, what: str):
        """Yield a name for each damage, after it was done to the file."""
        path, data = self.files[what], (self.whole / what).read_bytes()
        for number in range(CUTS):
            self.restore()
            os.truncate(path, len(data) * number // CUTS)
            yield f"cut at {len(data) * number // CUTS}"
        chance = random.Random(17)
        for _ in range(FLIPS):
            at, bit = chance.randrange(len(data)), chance.randrange(8)
            self.restore()
            with path.open("r+b") as file:
                file.seek(at)
                file.write(bytes([data[at] ^ 1 << bit]))
            yield f"bit {bit} of byte {at}"


def _without_times(facts):
    """Leave out when a run ended: that of a rebuilt one is when it was rebuilt."""
    if isinstance(facts, dict):
        return {key: _without_times(value) for key, value in facts.items() if key != "ended_at"}
    return [_without_times(value) for value in facts] if isinstance(facts, list) else facts


@pytest.fixture
def bench(tmp_path, labs, flows, capsys):
    return Bench(labs(tmp_path, "inline"), flows("mending").wf, capsys)


def _is_named(told) -> bool:
    code, facts, said = told
    return code == 3 and facts is None and "is damaged" in said and "reflow store rebuild" in said


def _is_told(told) -> bool:
    """Whether a command about a run says in its answer what it cannot tell, since no run stops because of the store."""
    code, facts, _ = told
    text = json.dumps(facts)
    return code in (0, 1) and "is damaged" in text and "reflow store rebuild" in text


def _is_gone(told) -> bool:
    """Whether `results` names a result that the store does not have, and who may have removed it."""
    code, facts, said = told
    return code == 3 and facts is None and "has no result" in said and "reflow store gc" in said


#: What `why` says of an instance by the store alone: which earlier result is its own or the nearest, and what differs.
BY_THE_STORE = ("cause", "reason", "earlier", "parts")


def _is_a_miss(command, told, known, store) -> bool:
    """Whether `why` knows of less, since an index lost an entry: that is a look-up that finds nothing, and no more."""
    with contextlib.closing(sqlite3.connect(store)) as db:
        found = [line for (text,) in db.execute("PRAGMA integrity_check") for line in text.splitlines()]
    is_of_index = found != ["ok"] and all("index" in line for line in found)
    return command == "why" and is_of_index and told[0] == 0 and _by_the_run(told) == _by_the_run(known)


def _by_the_run(told):
    return [{key: value for key, value in one.items() if key not in BY_THE_STORE} for one in told[1]]


@pytest.mark.slow
def test_a_damaged_ledger_is_named_and_made_anew(bench):
    named = 0
    for damage in bench.damages("ledger"):
        told = {command: bench.type(command) for command in READS}
        wrong = [c for c in READS if told[c] != bench.said[c] and not _is_named(told[c])]
        assert wrong == [], (damage, [(told[c], bench.said[c]) for c in wrong])

        code, facts, said = bench.reflow(
            "store", "rebuild", bench.id, "--run-dir", str(bench.seen.run_dir), "--json"
        )
        assert code == 0, (damage, said)
        if any(told[c] != bench.said[c] for c in READS):
            named += 1
            assert facts["rebuilt"], damage
        if facts["rebuilt"]:
            assert Path(facts["kept_aside"]).exists()
        for command in READS:
            assert bench.type(command) == bench.said[command], (damage, command)
    assert named > CUTS


@pytest.mark.slow
def test_a_damaged_store_is_named_and_made_anew(bench):
    named = 0
    states = bench.seen.states
    for number, damage in enumerate(bench.damages("store")):
        told = {command: bench.type(command) for command in READS}
        listed = bench.type("runs")
        for command, known in [*bench.said.items(), ("runs", bench.listed)]:
            now = listed if command == "runs" else told[command]
            is_right = now[:2] == known[:2] or _is_named(now) or _is_told(now)
            assert is_right or _is_a_miss(command, now, known, bench.files["store"]), (
                damage,
                command,
                now,
                known,
            )
        named += any(_is_named(one) for one in [*told.values(), listed])

        code, facts, said = bench.reflow("store", "rebuild", "--run-dir", str(bench.seen.run_dir), "--json")
        assert code == 0, (damage, said)
        assert Path(facts["kept_aside"]).exists()
        results = bench.type("results")
        assert results == bench.said["results"] or _is_gone(results), (damage, results)
        assert bench.type("status") == bench.said["status"], damage
        if number % 10 == 0:
            again = bench.lab.submit(bench.wf, names=NAMES)
            assert again.result("total") == "A!B!C!", damage
            assert again.state == "succeeded", damage
            assert bench.seen.states == states
    assert named > CUTS // 2
