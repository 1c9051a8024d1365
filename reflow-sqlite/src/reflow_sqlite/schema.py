"""The tables of the two kinds of file: the ledger of a run, and the results that runs share.

Names and tokens stand once, in tables of their own, and small numbers everywhere else. Tables of later
features (verdicts, stamps, accepts, code) are here from the start, so that filling them changes no schema.
A ``seal`` is a checksum of its row: see `reflow_sqlite.seals`.
"""

from __future__ import annotations

from reflow.plugin import InstanceState, NamedTuple

VERSION = 3  #: ``user_version`` of both kinds of file

#: The number of each state in the files, by its word; a number is never given to another state.
CODES = {
    "pending": 0,
    "submitted": 1,
    "running": 2,
    "succeeded": 3,
    "reused": 4,
    "failed": 5,
    "cancelled": 6,
    "skipped": 7,
}
STATES = {code: InstanceState(word) for word, code in CODES.items()}

_LEDGER = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  run_id TEXT NOT NULL, workflow TEXT NOT NULL, state TEXT NOT NULL, epoch INTEGER NOT NULL,
  created INTEGER NOT NULL, updated INTEGER NOT NULL, ended INTEGER, published INTEGER NOT NULL,
  written INTEGER NOT NULL, -- the newest output before the transaction that is at work
  seal INTEGER NOT NULL
);
-- who took each epoch, and when
CREATE TABLE epochs (epoch INTEGER PRIMARY KEY, taken INTEGER NOT NULL, holder TEXT NOT NULL);

CREATE TABLE tasks (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, state TEXT NOT NULL, total INTEGER, reason TEXT, parts TEXT,
  seal INTEGER NOT NULL
);
CREATE TABLE tokens (id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, seal INTEGER NOT NULL);
CREATE TABLE hosts (id INTEGER PRIMARY KEY, host TEXT NOT NULL UNIQUE, seal INTEGER NOT NULL);

CREATE TABLE submissions (
  token INTEGER PRIMARY KEY REFERENCES tokens, number INTEGER NOT NULL, task TEXT NOT NULL, count INTEGER NOT NULL,
  instances INTEGER NOT NULL, pack INTEGER NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL,
  native_id TEXT, ended INTEGER, logs TEXT, seal INTEGER NOT NULL
);
CREATE TABLE segments (
  token INTEGER NOT NULL REFERENCES tokens, name TEXT NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (token, name)
) WITHOUT ROWID;

-- output: a digest, or the number of the row of outputs that holds it; the seal covers the digest in either case
CREATE TABLE instances (
  task INTEGER NOT NULL REFERENCES tasks, idx INTEGER NOT NULL, state INTEGER NOT NULL, identity BLOB NOT NULL,
  attempt INTEGER NOT NULL, output BLOB, token INTEGER REFERENCES tokens, position INTEGER, fresh INTEGER NOT NULL,
  parts BLOB NOT NULL, tries TEXT, reason TEXT, seal INTEGER NOT NULL, PRIMARY KEY (task, idx)
) WITHOUT ROWID;
-- id: 8 * task + state for instances, the negative of the task for its attempts; mirror: 1000003 * counted + id
CREATE TABLE counts (id INTEGER PRIMARY KEY, counted INTEGER NOT NULL, mirror INTEGER NOT NULL);
CREATE TRIGGER task_added AFTER INSERT ON tasks BEGIN
  INSERT INTO counts SELECT 8 * new.id + column1, 0, 8 * new.id + column1
    FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7));
  INSERT INTO counts VALUES (-new.id, 0, -new.id);
END;

CREATE TABLE outputs (
  number INTEGER PRIMARY KEY, task INTEGER NOT NULL REFERENCES tasks, idx INTEGER NOT NULL, attempt INTEGER NOT NULL,
  output BLOB NOT NULL, value TEXT NOT NULL, items BLOB, reusable INTEGER NOT NULL, paths INTEGER NOT NULL,
  seal INTEGER NOT NULL
);
CREATE UNIQUE INDEX outputs_of ON outputs (task, idx, attempt);
-- what an output that waits for the results was made from, once its instance has moved on
CREATE TABLE origins (number INTEGER PRIMARY KEY, identity BLOB NOT NULL, parts BLOB NOT NULL);

-- started counts from the run's creation, ended and log_end from started and log_start, which makes them short
CREATE TABLE attempts (
  task INTEGER NOT NULL REFERENCES tasks, idx INTEGER NOT NULL, attempt INTEGER NOT NULL,
  token INTEGER NOT NULL REFERENCES tokens, element INTEGER NOT NULL, start INTEGER NOT NULL, state INTEGER NOT NULL,
  started INTEGER, ended INTEGER, log_start INTEGER, log_end INTEGER, host INTEGER REFERENCES hosts,
  reason TEXT, error TEXT, seal INTEGER NOT NULL, PRIMARY KEY (task, idx, attempt)
) WITHOUT ROWID;

CREATE TABLE verdicts (
  number INTEGER PRIMARY KEY, task INTEGER NOT NULL REFERENCES tasks, idx INTEGER NOT NULL, output BLOB NOT NULL,
  holds INTEGER NOT NULL, reason TEXT NOT NULL, created INTEGER NOT NULL
);
CREATE TABLE stamps (
  number INTEGER PRIMARY KEY, task INTEGER NOT NULL REFERENCES tasks, idx INTEGER NOT NULL, output BLOB NOT NULL,
  stamps TEXT NOT NULL, created INTEGER NOT NULL
);

CREATE TRIGGER instance_added AFTER INSERT ON instances BEGIN
  UPDATE counts SET counted = counted + 1, mirror = mirror + 1000003 WHERE id = 8 * new.task + new.state;
END;
CREATE TRIGGER instance_moved AFTER UPDATE ON instances WHEN new.state <> old.state BEGIN
  UPDATE counts SET counted = counted - 1, mirror = mirror - 1000003 WHERE id = 8 * old.task + old.state;
  UPDATE counts SET counted = counted + 1, mirror = mirror + 1000003 WHERE id = 8 * new.task + new.state;
END;
CREATE TRIGGER instance_gone AFTER DELETE ON instances BEGIN
  UPDATE counts SET counted = counted - 1, mirror = mirror - 1000003 WHERE id = 8 * old.task + old.state;
END;
CREATE TRIGGER attempt_added AFTER INSERT ON attempts BEGIN
  UPDATE counts SET counted = counted + 1, mirror = mirror + 1000003 WHERE id = -new.task;
END;
-- no OR IGNORE: of what a trigger says about conflicts, the statement that fired it has the last word
CREATE TRIGGER instance_remade AFTER UPDATE ON instances
  WHEN new.identity <> old.identity OR new.parts <> old.parts BEGIN
  INSERT INTO origins SELECT number, old.identity, old.parts FROM outputs, run
    WHERE task = old.task AND idx = old.idx AND number > published AND number <= written
    AND NOT EXISTS (SELECT 1 FROM origins AS known WHERE known.number = outputs.number);
END;
CREATE TRIGGER instance_dropped AFTER DELETE ON instances BEGIN
  INSERT INTO origins SELECT number, old.identity, old.parts FROM outputs, run
    WHERE task = old.task AND idx = old.idx AND number > published AND number <= written
    AND NOT EXISTS (SELECT 1 FROM origins AS known WHERE known.number = outputs.number);
END;
CREATE TRIGGER output_gone BEFORE DELETE ON outputs BEGIN
  UPDATE instances SET output = old.output
    WHERE task = old.task AND idx = old.idx AND output = old.number;
END;
CREATE TRIGGER published AFTER UPDATE OF published ON run BEGIN
  DELETE FROM origins WHERE number <= new.published;
END;
"""

_RESULTS = """
-- created: what that of each result counts from
CREATE TABLE contexts (
  id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, task TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL,
  code BLOB NOT NULL, source BLOB NOT NULL, file TEXT NOT NULL, parts TEXT NOT NULL, varying TEXT NOT NULL,
  created INTEGER NOT NULL, seal INTEGER NOT NULL
);
CREATE INDEX contexts_of ON contexts (run_id, task);
CREATE INDEX contexts_by ON contexts (key);

CREATE TABLE results (
  number INTEGER PRIMARY KEY, context INTEGER NOT NULL REFERENCES contexts, idx INTEGER NOT NULL,
  attempt INTEGER NOT NULL, identity BLOB NOT NULL, output BLOB NOT NULL, edition INTEGER NOT NULL,
  value TEXT NOT NULL, items BLOB, paths INTEGER NOT NULL, parts BLOB NOT NULL, created INTEGER NOT NULL,
  seal INTEGER NOT NULL
);
-- a few bytes of a digest find it as well as 32, at a third of the size; edition counts rows that share them
CREATE UNIQUE INDEX results_of ON results (substr(identity, 1, 4), substr(output, 1, 1), edition);
CREATE INDEX results_by ON results (context, idx);
CREATE TABLE stale (
  result INTEGER PRIMARY KEY REFERENCES results, reason TEXT NOT NULL, created INTEGER NOT NULL,
  seal INTEGER NOT NULL
);
-- stale results that were removed: a ledger that still has one must not bring it back
CREATE TABLE forgotten (
  identity BLOB NOT NULL, output BLOB NOT NULL, reason TEXT NOT NULL, created INTEGER NOT NULL,
  seal INTEGER NOT NULL, PRIMARY KEY (identity, output)
) WITHOUT ROWID;

CREATE TABLE stamps (
  number INTEGER PRIMARY KEY, result INTEGER NOT NULL REFERENCES results, stamps TEXT NOT NULL,
  run_id TEXT NOT NULL, created INTEGER NOT NULL
);
CREATE INDEX stamps_of ON stamps (result);
CREATE TABLE verdicts (
  number INTEGER PRIMARY KEY, result INTEGER NOT NULL REFERENCES results, holds INTEGER NOT NULL,
  reason TEXT NOT NULL, run_id TEXT NOT NULL, created INTEGER NOT NULL
);
CREATE INDEX verdicts_of ON verdicts (result);
-- results of a task made by ``old`` are as good as those of ``new``
CREATE TABLE accepts (
  key TEXT NOT NULL, old BLOB NOT NULL, new BLOB NOT NULL, created INTEGER NOT NULL,
  who TEXT NOT NULL, reason TEXT NOT NULL, seal INTEGER NOT NULL, PRIMARY KEY (key, old, new)
) WITHOUT ROWID;
-- what a code hash was made of: hashes by name, as JSON
CREATE TABLE code (hash BLOB PRIMARY KEY, parts TEXT NOT NULL, seal INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE runs (
  run_id TEXT PRIMARY KEY, workflow TEXT NOT NULL, run_dir TEXT NOT NULL, created INTEGER NOT NULL,
  executor TEXT NOT NULL, parameters TEXT NOT NULL, seal INTEGER NOT NULL
);
CREATE INDEX runs_of ON runs (workflow, created);
"""


class Kind(NamedTuple):
    """One kind of file.

    Attributes:
        application_id: What the file's header says, so that no other database is taken for it.
    """

    what: str
    application_id: int
    tables: str


LEDGER = Kind("ledger", 0x52464C47, _LEDGER)
RESULTS = Kind("store", 0x52465253, _RESULTS)
