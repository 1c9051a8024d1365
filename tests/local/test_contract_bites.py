"""The contract of executors is one that can be failed: each mutant breaks one promise, and is caught at it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

MUTANTS = Path(__file__).with_name("executor_mutants.py").read_text(encoding="utf-8")
CAUGHT_BY = dict(re.findall(r'class (\w+)\(.*\n    """caught by: (\w+)"""', MUTANTS))


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """Return the tests that each mutant fails; each runs the test that should catch it.

    Batches are of a fixed size: a worker that is slow may hold nothing but the instance that it dies in, and then
    there is nothing more to be lost with it.
    """
    directory = tmp_path_factory.mktemp("mutants")
    (directory / "test_mutants.py").write_text(MUTANTS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rf", "--tb=no", "-p", "no:cacheprovider", str(directory)],
        cwd=directory,
        env={**os.environ, "REFLOW_BATCH": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    return set(re.findall(r"^FAILED .*::Test(\w+)::test_(\w+)", done.stdout, re.MULTILINE))


@pytest.mark.parametrize(("mutant", "promise"), CAUGHT_BY.items())
def test_an_executor_that_breaks_a_promise_fails_the_test_of_that_promise(failures, mutant, promise):
    assert (mutant, promise) in failures
