"""What cannot be read or written is named, with what to do; the exit code is 3, or 2 where it is the configuration."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from reflow.errors import RunDirError, StoreDamaged, StoreTooNew
from reflow.run.look import SILENT_S

LOOKS = ["status", "wait", "cancel", "retry", "results", "logs"]
NOBODY = 65534
PYTHONS = [sys.executable, "/usr/bin/python3"]


def newer(path):
    """Mark a database as one of a later version."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.execute("CREATE TABLE of_a_later_version (id)")
    db.close()


# files that are given

OWN = """
from pathlib import Path
from reflow import Workflow
wf = Workflow("own")
@wf.job
def reads(given: Path) -> str:
    return given.read_text()
if __name__ == "__main__":
    raise SystemExit(wf.cli())
"""
UNSEEN = {"a loop": "loop", "a name that is too long": "x" * 300}


@pytest.mark.parametrize("name", UNSEEN.values(), ids=UNSEEN)
def test_a_file_that_cannot_be_looked_at_is_named_with_its_parameter(terminal, name):
    (terminal.folder / "loop").symlink_to("loop")
    (terminal.folder / "own.py").write_text(OWN)

    told = terminal.python("own.py", "submit", "--given", name)

    assert told.complains(2, "parameter given", f"{terminal.folder}/{name}"[:90], "cannot be looked at")


@pytest.mark.parametrize("command", [("runs",), ("store", "info"), ("store", "rebuild")], ids=" ".join)
def test_a_text_that_is_named_as_the_store_is_left_alone(terminal, command):
    (terminal.folder / "own.py").write_text(OWN)

    told = terminal.reflow(*command, "--store", "own.py")

    assert told.complains(3, str(terminal.folder / "own.py"), "is no store of reflow", "--store")
    assert (terminal.folder / "own.py").read_text() == OWN


def test_a_run_is_not_begun_with_a_text_that_is_named_as_its_store(terminal):
    (terminal.folder / "own.py").write_text(OWN)

    told = terminal.python("own.py", "submit", "--given", "own.py", "--store", "own.py")

    assert told.complains(3, str(terminal.folder / "own.py"), "is no store of reflow", "--store")
    assert not list(terminal.folder.glob("runs/own/.reflow/*"))


# run directories


@pytest.fixture
def a_file(terminal):
    """A file where a directory should be."""
    (terminal.folder / "file").write_text("x")
    return "file"


@pytest.mark.parametrize("below", ["", "/deep/er"])
def test_a_run_directory_that_cannot_be_made_is_named(terminal, a_file, below):
    told = terminal.steps("submit", "--run-dir", a_file + below)

    assert told.complains(3, str(terminal.folder / "file") + below, "cannot be written", "--run-dir")
    assert not terminal.store.exists() or terminal.steps("runs", "-q").out == ""


@pytest.mark.parametrize("command", [*LOOKS, "runs"])
def test_a_run_directory_that_is_none_is_named(terminal, a_file, command):
    assert terminal.steps(command, "--run-dir", a_file).complains(3, "file", "Not a directory")


@pytest.mark.parametrize("command", LOOKS)
def test_a_run_directory_without_runs_is_exit_code_4(terminal, command):
    assert terminal.steps(command, "--run-dir", "nowhere").complains(4, "nowhere")


def test_a_run_whose_directory_was_removed_is_out_of_reach_and_still_listed(terminal):
    run_id = terminal.submit()
    shutil.rmtree(terminal.folder / "runs")

    assert terminal.steps("status", run_id).complains(3, run_id, str(terminal.folder / "runs" / "steps"))
    assert terminal.steps("runs", "-q").out.split() == [run_id]
    assert terminal.steps("runs", "--json").json[0]["state"] is None


def test_a_handle_whose_directory_was_removed_says_so_when_it_is_to_retry(terminal):
    terminal.submit("--bad", "1")
    run = terminal.open()
    assert run.state == "failed"
    shutil.rmtree(terminal.folder / "runs")

    with terminal.here(), pytest.raises(RunDirError, match="is not there now"):
        run.retry()


@pytest.mark.parametrize("command", ["submit", "wait", "logs -f"])
@pytest.mark.parametrize("deleted", ["runs", "its root"])
def test_a_run_whose_directory_is_removed_while_it_goes_on_says_so(terminal, until, command, deleted):
    submit = ["submit", "--executor", "local", "--n", "800", "--delay", "0.3", "--workers", "2"]
    detach = [] if command == "submit" else ["--detach"]
    process = terminal.begin("steps.py", *submit, *detach)
    until(lambda: (terminal.folder / "runs" / "steps" / "begun0").exists())
    run_id = terminal.steps("runs", "-q").out.strip()
    if detach:
        process.communicate(timeout=60)
        process = terminal.begin("steps.py", *command.split())
        (process.stderr if command == "wait" else process.stdout).readline()  # it looks at the run by now

    folder = terminal.folder / "runs" if deleted == "runs" else terminal.run_root(run_id)
    folder.rename(terminal.folder / "deleted")
    _, err = process.communicate(timeout=60)

    assert process.returncode == 3, err
    assert err.splitlines()[-2:] == [
        f"error: run {run_id} was made in {terminal.folder}/runs/steps, and is not there now",
        "is that directory out of reach here, or was it deleted? then submit again",
    ]
    assert "damaged" not in err
    assert "nothing drives" not in err


def test_who_names_no_run_is_told_that_the_directory_of_the_newest_is_not_there(terminal):
    older = terminal.submit()
    newer = terminal.submit("--run-dir", "elsewhere")
    shutil.rmtree(terminal.folder / "elsewhere")
    warning = f"warning: the directory of {newer}, which is newer, is not there; this is {older}\n"

    for words in (["status"], ["status", "@last"], ["results"], ["wait"]):
        told = terminal.steps(*words)
        assert (told.code, told.err.startswith(warning)) == (0, True), told.err
    assert terminal.steps("status", older).err == terminal.steps("status", "-q").err == ""


def test_a_read_only_run_directory_can_be_looked_at_and_is_not_written(terminal, read_only):
    run_id = terminal.submit("--bad", "1")
    folder = read_only(terminal.folder / "runs" / "steps")

    assert folder("status", run_id, "--json").json["state"] == "failed"
    assert folder("results", run_id, "--json").json["prepare"] == [0, 1, 2]
    assert folder("retry", run_id).complains(3, "Read-only file system")
    assert folder("submit").complains(3, "Read-only file system", "--run-dir")


@pytest.fixture
def read_only(terminal):
    """Return how to type a command of the steps where a directory is mounted read-only: that holds for root too."""
    if subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("mounts need a namespace of their own, which this system does not give")

    def mounted(folder):
        script = 'mount --bind -o ro "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'

        def type_there(*words):
            argv = ["unshare", "-rm", "sh", "-c", script, str(folder), sys.executable, "steps.py", *words]
            return terminal.run(argv)

        return type_there

    return mounted


# other users


@pytest.fixture
def other_user(terminal):
    """Return how somebody else types commands: they may read what all may read, and write nothing of ours."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    place = Path(tempfile.mkdtemp(prefix="reflow-other-"))
    os.chown(place, NOBODY, NOBODY)
    place.chmod(0o755)
    shutil.copy(terminal.folder / "steps.py", place)
    home = {name: str(place / "home") for name in terminal.home} | {"REFLOW_STORE": str(place / "store.db")}

    settings = {
        "user": NOBODY,
        "group": NOBODY,
        "extra_groups": [],
        "cwd": place,
        "env": {**os.environ, **home, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    }
    python = next((one for one in PYTHONS if _can_import_reflow(one, settings)), None)
    if python is None:
        pytest.skip("other users can read no Python with this reflow")
    yield lambda *words: terminal.run([python, *words], **settings)
    shutil.rmtree(place)


def _can_import_reflow(python, settings):
    try:
        script = "import reflow.workflow, reflow_sqlite"
        return not subprocess.run(
            [python, "-c", script], check=False, capture_output=True, **settings
        ).returncode
    except OSError:
        return False


@pytest.fixture
def open_place():
    """A directory that everybody may enter and read."""
    place = Path(tempfile.mkdtemp(prefix="reflow-open-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def show_to_all(folder):
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))


def test_a_run_directory_that_may_not_be_entered_is_named(terminal, other_user, open_place):
    (open_place / "closed").mkdir(mode=0o700)

    for command in ("status", "runs", "cancel"):
        told = other_user("steps.py", command, "--run-dir", str(open_place / "closed"))
        assert told.complains(3, str(open_place / "closed"), "cannot be read: Permission denied")
    for name in ("closed", "closed/deeper", "new"):
        told = other_user("steps.py", "submit", "--run-dir", str(open_place / name))
        assert told.complains(3, str(open_place / name), "cannot be written: Permission denied", "--run-dir")


def test_a_run_of_somebody_else_is_looked_at_and_never_changed(terminal, other_user, open_place):
    run_id = terminal.submit("--bad", "1", "--run-dir", str(open_place / "runs"))
    show_to_all(open_place)
    before = {path: path.stat().st_mtime_ns for path in open_place.rglob("*")}
    there = ["--run-dir", str(open_place / "runs")]

    assert other_user("steps.py", "status", "--json", *there).json["run_id"] == run_id
    assert other_user("steps.py", "results", "prepare", "--json", *there).json == {"prepare": [0, 1, 2]}
    assert "cannot do 1" in other_user("steps.py", "logs", *there).out
    assert other_user("steps.py", "retry", *there).complains(3, run_id, "belongs to user 0")
    assert other_user("-m", "reflow", "advance", run_id, *there).complains(3, run_id, "belongs to user 0")
    assert {path: path.stat().st_mtime_ns for path in open_place.rglob("*")} == before


def test_what_a_run_of_somebody_else_reuses_is_read_and_no_store_is_made_for_it(
    terminal, other_user, open_place
):
    there = ["--run-dir", str(open_place / "runs")]
    for closed in (False, True):
        store = open_place / f"closed={closed}" / "store.db"
        store.parent.mkdir(mode=0o755)
        for _ in range(2):
            terminal.submit(*there, "--store", str(store))
        show_to_all(open_place)
        store.parent.chmod(0o700 if closed else 0o755)

        told = other_user("steps.py", "results", "prepare", "--json", *there)

        if closed:
            assert told.complains(3, str(store), "cannot be read", "Permission denied")
        else:
            assert told.json == {"prepare": [0, 1, 2]}
        assert [path.name for path in store.parent.iterdir()] == ["store.db"]


def test_not_even_root_writes_into_a_run_of_somebody_else(terminal, other_user, open_place):
    os.chown(open_place, NOBODY, NOBODY)
    there = ["--run-dir", str(open_place / "runs")]
    other_user("steps.py", "submit", "--executor", "inline", "--bad", "1", *there)
    before = {path: path.stat().st_mtime_ns for path in open_place.rglob("*")}

    for words in (["cancel", "@last"], ["retry"], ["retry", "--detach"]):
        told = terminal.steps(*words, *there)
        assert (told.code, "nothing was changed" in told.out) == (0, True) or told.complains(
            3, "belongs to user"
        )
    assert {path: path.stat().st_mtime_ns for path in open_place.rglob("*")} == before


@pytest.mark.parametrize("whose", ["somebody else", "another machine"])
def test_a_run_whose_ledger_is_half_written_and_must_be_left_so_is_shown_as_it_stood(
    terminal, whose, half_write, hold_elsewhere
):
    run_id = terminal.submit()
    root = terminal.run_root(run_id)
    half_write(root)
    if whose == "another machine":
        hold_elsewhere(root)
    elif os.geteuid() == 0:
        for path in (root, *root.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    else:
        pytest.skip("only root can give files to somebody else")
    before = (root / "ledger.db-journal").read_bytes()

    shown = terminal.steps("status", "--json").json

    assert (shown["run_id"], shown["state"]) == (run_id, "succeeded")
    assert "this is how the run stood at " in shown["messages"][-1]
    assert "half" in shown["messages"][-1]
    assert (root / "ledger.db-journal").read_bytes() == before
    (root / "status.json").unlink()
    assert terminal.steps("status").complains(3, str(root / "ledger.db"), "half")


def test_files_are_for_their_user_alone_whatever_the_umask(terminal):
    before = os.umask(0)
    try:
        run_id = terminal.submit()
    finally:
        os.umask(before)

    made = [terminal.store, *terminal.run_root(run_id).rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} <= {0o600, 0o700}


# the files of a run

BROKEN = {
    "nothing": b"",
    "half of it": b'{"reflow": 1, "run_',
    "no JSON": b"\xff\xfe\x00",
    "a list": b"[]",
    "an empty object": b"{}",
    "another format": b'{"reflow": 99}',
    "no more than the format": b'{"reflow": 1}',
    "other things": b'{"reflow": 1, "store": 3, "executor": [], "manifest": "x", "workflow": null, "parameters": 7}',
}


@pytest.fixture
def damage(shared_terminal):
    """Return how to put something else in the place of a file of a run, whose id is ``damage.run_id``."""
    terminal = shared_terminal
    known = getattr(terminal, "victim", None)
    run_id = terminal.victim = known or terminal.submit("--bad", "1")
    root = terminal.run_root(run_id)
    kept = {name: (root / name).read_bytes() for name in ("run.json", "ledger.db")}

    def damage(name, data):
        (root / name).write_bytes(data)
        return root / name

    damage.run_id = run_id
    damage.terminal = terminal
    yield damage
    for name, data in kept.items():
        (root / name).write_bytes(data)


@pytest.mark.parametrize("how", BROKEN)
def test_a_damaged_run_file_is_named(damage, how):
    path = damage("run.json", BROKEN[how])

    for command in LOOKS:
        assert damage.terminal.steps(command, damage.run_id).complains(3, str(path))
    assert damage.terminal.reflow("advance", damage.run_id).complains(3, str(path))
    assert damage.terminal.steps("runs", "-q").out.split() == [damage.run_id]
    with pytest.raises(RunDirError, match=r"run\.json"):
        damage.terminal.open(damage.run_id)


def test_a_damaged_manifest_is_named(damage):
    path = damage.terminal.run_root(damage.run_id) / "run.json"
    info = json.loads(path.read_bytes())
    for manifest in ({}, {**info["manifest"], "tasks": [{}]}, {**info["manifest"], "parameters": None}):
        damage("run.json", json.dumps({**info, "manifest": manifest}).encode())

        assert damage.terminal.steps("status", damage.run_id).complains(3, str(path))


@pytest.mark.parametrize("text", [b"", b"no database, but longer than the header of one " * 9])
def test_a_damaged_ledger_is_named(damage, text):
    path = damage("ledger.db", text)

    for command in LOOKS:
        assert damage.terminal.steps(command, damage.run_id).complains(3, str(path), "is damaged")
    assert damage.terminal.reflow("advance", damage.run_id).complains(3, str(path), "is damaged")
    assert damage.terminal.steps("runs", "-q").out.split() == [damage.run_id]
    with pytest.raises(StoreDamaged):
        damage.terminal.open(damage.run_id).status(as_dict=True)


def test_a_cancel_without_a_run_says_that_the_newest_is_damaged(terminal):
    terminal.submit()
    run_id = terminal.submit("--force")
    path = terminal.run_root(run_id) / "ledger.db"
    path.write_bytes(b"no database, but longer than the header of one " * 9)

    for command in LOOKS:
        assert terminal.steps(command).complains(3, f"the ledger {path} is damaged")
    (terminal.run_root(run_id) / "run.json").write_bytes(b"")
    assert terminal.steps("cancel").complains(3, "run.json is damaged")


def test_a_cancel_without_a_run_leaves_out_older_ones_that_are_damaged(terminal):
    (terminal.run_root(terminal.submit()) / "ledger.db").write_bytes(b"")
    terminal.submit("--force")

    assert terminal.steps("cancel").complains(4, "no run of steps is active")


def test_a_ledger_of_a_newer_schema_says_what_to_install(damage):
    newer(damage.terminal.run_root(damage.run_id) / "ledger.db")

    for command in LOOKS:
        told = damage.terminal.steps(command, damage.run_id)
        assert told.complains(3, "ledger.db has schema 99", "pip install --upgrade reflow-sqlite")


def test_a_ledger_that_is_gone_is_named(damage):
    path = damage.terminal.run_root(damage.run_id) / "ledger.db"
    path.unlink()

    for command in LOOKS:
        assert damage.terminal.steps(command, damage.run_id).complains(
            3, f"the ledger {path} is damaged: there is no file", "reflow store rebuild"
        )


# the working directory


def test_a_working_directory_that_is_gone_is_named(terminal):
    gone = terminal.folder / "gone"
    script = 'mkdir "$1" && cd "$1" && rmdir "$1" && shift && exec "$@"'
    for command in ("status", "runs", "submit"):
        typed = [sys.executable, str(terminal.folder / "steps.py"), command]

        told = terminal.run(["sh", "-c", script, "sh", str(gone), *typed])

        assert told.complains(3, f"the working directory {gone} is not there any more", "cd ")


# the store


@pytest.fixture
def broken_store(terminal):
    """A terminal with one run, whose store was damaged since."""
    terminal.run_id = terminal.submit()
    terminal.store.write_bytes(b"this is no database, but it is longer than the header of one " * 9)
    return terminal


def test_a_damaged_store_is_named_with_what_to_type(broken_store):
    for words in (["submit"], ["runs"]):
        assert broken_store.steps(*words).complains(
            3, f"the store {broken_store.store} is damaged", "reflow store rebuild "
        )


def test_what_a_damaged_store_says_to_type_helps(broken_store):
    remedy = broken_store.steps("submit").err.splitlines()[-1].partition(": ")[2]

    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["sh", "-c", remedy], env=os.environ | {"PATH": path}, check=True)

    assert broken_store.steps("submit", "--executor", "inline").code == 0


def test_runs_are_found_by_their_directory_without_the_store(broken_store):
    for command in ("status", "results", "logs", "wait"):
        assert broken_store.steps(command, "--run-dir", "runs/steps").code == 0
    assert broken_store.steps("runs", "--run-dir", "runs/steps", "-q").out.split() == [broken_store.run_id]


def test_a_store_of_a_newer_schema_says_what_to_install(terminal):
    terminal.submit()
    newer(terminal.store)

    for words in (["submit"], ["runs"]):
        assert terminal.steps(*words).complains(3, "schema 99", "pip install --upgrade reflow-sqlite")
    workflow = terminal.workflow("steps")
    with pytest.raises(StoreTooNew):
        workflow.submit(terminal.folder / "more", executor="inline", store=str(terminal.store))


def test_a_store_out_of_reach_is_a_warning_for_submit_and_an_error_for_runs(terminal):
    (terminal.folder / "directory").mkdir()
    address = str(terminal.folder / "directory")

    told = terminal.steps("submit", "--executor", "inline", "--store", address, "-q")

    assert told.code == 0
    assert told.err.startswith("warning: ")
    assert address in told.err
    assert terminal.steps("status", "--store", address, "-q").out == told.out
    assert terminal.reflow("runs", "--store", address).complains(3, address)


def test_what_waited_for_the_store_reaches_it_at_the_next_look_and_the_run_is_listed(terminal):
    place = terminal.folder / "place"
    place.mkdir()
    run_id = terminal.steps("submit", "--executor", "inline", "--store", str(place), "-q").out.strip()
    assert terminal.steps("status", "--store", str(place), "--json").json["messages"] != []
    place.rmdir()
    time.sleep(SILENT_S + 0.1)

    assert terminal.steps("status", "--store", str(place), "--json").json["messages"] == []
    assert terminal.reflow("runs", "--store", str(place), "-q").out.split() == [run_id]
    again = terminal.steps("submit", "--executor", "inline", "--store", str(place), "--json").json
    assert {state for task in again["tasks"].values() for state in task["counts"]} == {"reused"}


# the configuration


@pytest.fixture
def configured(terminal):
    """Return how to type a command with a configuration file of some text."""

    def configured(text, *words):
        path = terminal.folder / "config" / "reflow" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return terminal.steps(*words)

    return configured


CONFIGURATIONS = {
    "no TOML": ("[executor\n", "config.toml:1: "),
    "half a line": ('[executor]\nname = "local"\nworkers =\n', "config.toml:3: "),
    "no text": (b"\xff\xfe", "config.toml is no text in UTF-8"),
    "a word for a number": ('[executor]\nworkers = "two"\n', "config.toml:2: executor.workers = 'two'"),
    "a list for a name": ("[executor]\nname = [1]\n", "config.toml:2: executor.name = [1]"),
    "an unset variable": (
        '[defaults]\nrun_dir = "$NOPE/x"\n',
        "config.toml:2: defaults.run_dir = '$NOPE/x' names $NOPE",
    ),
    "no such executor": ('[executor]\nname = "lokal"\n', "'lokal'"),
}


@pytest.mark.parametrize("flaw", CONFIGURATIONS)
def test_a_broken_configuration_is_named_with_its_line(configured, flaw):
    text, words = CONFIGURATIONS[flaw]

    assert configured(text, "submit").complains(2, words)


def test_an_unknown_key_is_a_warning_that_says_which_was_meant(configured):
    told = configured('[executor]\nnmae = "inline"\nname = "inline"\n', "submit", "--json")

    assert told.json["state"] == "succeeded"
    assert "config.toml:2: unknown key 'executor.nmae'; did you mean 'executor.name'?" in told.err


def test_the_warning_is_not_lost_when_the_command_fails(configured):
    told = configured('[executr]\nname = "inline"\n', "status", "nowhere")

    assert told.code == 4
    assert "config.toml:2: unknown key 'executr.name'; did you mean 'executor.name'?\nerror: " in told.err


def test_a_configuration_that_others_can_write_is_refused(terminal, configured):
    configured("", "check")
    (terminal.folder / "config" / "reflow" / "config.toml").chmod(0o666)

    assert terminal.steps("submit").complains(2, "others can write it", "chmod go-w")


def test_an_environment_variable_that_does_not_fit_is_named(terminal):
    assert terminal.steps("submit", REFLOW_WORKERS="x").complains(2, "REFLOW_WORKERS", "'x'")


def test_an_interpreter_that_is_not_there_is_named(terminal):
    told = terminal.steps("submit", "--executor", "local", REFLOW_PYTHON="/no/such/python")

    assert told.complains(2, "executor.python", "/no/such/python", "reflow config show")
    assert terminal.steps("runs", "-q").out == ""


def test_an_executor_that_is_not_available_is_refused(terminal):
    assert terminal.steps("submit", "--executor", "slurm").complains(3, "slurm", "--executor local")
    assert terminal.steps("runs", "-q").out == ""


def test_a_run_whose_directory_is_gone_is_out_of_reach_and_not_unknown(terminal):
    run_id = terminal.submit()
    (terminal.folder / "runs").rename(terminal.folder / "unmounted")

    for words in ([run_id], ["@last"], []):
        assert terminal.steps("status", *words).complains(
            3, run_id, str(terminal.folder / "runs"), "out of reach"
        )
    (terminal.folder / "unmounted").rename(terminal.folder / "runs")
    assert terminal.steps("status", "@last", "-q").out.strip() == run_id
