"""A contract that nothing can fail promises nothing: each of these breaks one promise, and is caught at it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reflow.testing import StoreContract

STORE_MUTANTS = Path(__file__).with_name("store_mutants.py").read_text(encoding="utf-8")
CAUGHT_BY = dict(re.findall(r'class (\w+)\(.*\n    """caught by: (\w+)"""', STORE_MUTANTS))


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """Return the names of the tests that each mutant fails; each runs the test that should catch it."""
    directory = tmp_path_factory.mktemp("mutants")
    (directory / "test_mutants.py").write_text(STORE_MUTANTS, encoding="utf-8")
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


@pytest.mark.parametrize(("mutant", "promise"), CAUGHT_BY.items())
def test_a_store_that_breaks_a_promise_fails_the_test_of_that_promise(failures, mutant, promise):
    assert promise in failures.get(mutant, set())


def test_a_store_that_breaks_none_passes_all(failures):
    assert "Unchanged" not in failures


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
