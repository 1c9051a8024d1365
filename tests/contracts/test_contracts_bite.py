"""A contract that nothing can fail promises nothing: each of these breaks one promise, and is caught at it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reflow.testing import StoreContract

KINDS = ("store", "verifier")
MUTANTS = {kind: Path(__file__).with_name(f"{kind}_mutants.py").read_text(encoding="utf-8") for kind in KINDS}
CAUGHT_BY = [
    (kind, *found)
    for kind, text in MUTANTS.items()
    for found in re.findall(r'class (\w+)\(.*\n    """caught by: (\w+)"""', text)
]


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """Return the names of the tests that each mutant fails; each runs the test that should catch it."""
    return {kind: _failures(tmp_path_factory.mktemp(f"{kind}-mutants"), kind) for kind in KINDS}


def _failures(directory, kind):
    (directory / "test_mutants.py").write_text(MUTANTS[kind], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rf", "--tb=no", "-p", "no:cacheprovider", str(directory)],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    failed: dict[str, set[str]] = {}
    for mutant, test in re.findall(r"^FAILED .*::Test(\w+)::test_(\w+)", done.stdout, re.MULTILINE):
        failed.setdefault(mutant, set()).add(test)
    assert "error" not in done.stdout.splitlines()[-1], done.stdout[-2000:]
    return failed


@pytest.mark.parametrize(("kind", "mutant", "promise"), CAUGHT_BY)
def test_a_plugin_that_breaks_a_promise_fails_the_test_of_that_promise(failures, kind, mutant, promise):
    assert promise in failures[kind].get(mutant, set())


@pytest.mark.parametrize("kind", KINDS)
def test_a_plugin_that_breaks_none_passes_all(failures, kind):
    assert "Unchanged" not in failures[kind]


def test_a_promise_cannot_be_switched_off_in_silence():
    with pytest.raises(TypeError, match="test_many_identities_are_found_in_one_look_up overrides a promise"):

        class Quiet(StoreContract):
            def test_many_identities_are_found_in_one_look_up(self):
                pass


def test_a_promise_can_be_excused_with_a_reason():
    class Excused(StoreContract):
        @pytest.mark.xfail(reason="no look-ups yet")
        def test_many_identities_are_found_in_one_look_up(self):
            pass

    assert issubclass(Excused, StoreContract)


def test_an_excuse_without_a_reason_is_none():
    with pytest.raises(TypeError, match="overrides a promise"):

        class Excused(StoreContract):
            @pytest.mark.xfail
            def test_many_identities_are_found_in_one_look_up(self):
                pass
