"""What was accepted, in a store that was made before it was kept who did so."""

from __future__ import annotations

import contextlib
import sqlite3

from reflow.plugin import Acceptance
from reflow.testing.store_rows import NOW, made_up

_FIRST_FORM = """
DROP TABLE accepts;
CREATE TABLE accepts (
  key TEXT NOT NULL, old BLOB NOT NULL, new BLOB NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (key, old, new)
) WITHOUT ROWID;
INSERT INTO accepts VALUES ('demo.t', x'01', x'02', 7);
"""


def test_a_first_store_tells_what_it_knows_and_keeps_all_from_then_on(store, results, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "store.db")) as db:
        db.executescript(_FIRST_FORM)
    kept = Acceptance("demo.t", b"\x01", b"\x02", "", "", 7)
    assert results.acceptances("demo.t") == [kept]

    new = Acceptance("demo.t", made_up("old"), made_up("new"), "me", "only renamed", NOW)
    results.accept([new])

    assert store.open_results().acceptances("demo.t") == [kept, new]
