"""The promises of a verifier, a test each."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from typing import Any

import pytest

from reflow.contracts.verifier import KeptFile, Verdict, Verifier
from reflow.testing.contract import Contract

Kept = tuple[Any, Sequence[KeptFile]]


class VerifierContract(Contract):
    """Promises of a verifier. A subclass has the fixtures ``verifier`` and ``kept``.

    ``kept`` is an output that holds and its files, made for this test; stamps as `reflow.plugin.take_stamp` takes
    them.

    Attributes:
        looks_at_files: Whether an output whose files are gone does not hold.
    """

    looks_at_files = True

    @pytest.fixture
    def verifier(self) -> Verifier:
        """Return the verifier."""
        raise NotImplementedError("give the contract a fixture called verifier")

    @pytest.fixture
    def kept(self) -> Kept:
        """Return an output that holds, and its files."""
        raise NotImplementedError("give the contract a fixture called kept")

    def test_its_name_can_be_typed(self, verifier: Verifier) -> None:
        """A user writes it in ``verify="..."``."""
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", verifier.name)

    def test_what_was_just_made_holds(self, verifier: Verifier, kept: Kept) -> None:
        """Else it would be made again for ever."""
        verdict = verifier.verify(*kept)

        assert isinstance(verdict, Verdict)
        assert verdict.holds

    def test_it_says_the_same_when_it_is_asked_again(self, verifier: Verifier, kept: Kept) -> None:
        """One verifier is asked about many outputs."""
        assert verifier.verify(*kept) == verifier.verify(*kept)

    def test_it_changes_nothing_that_it_looks_at(self, verifier: Verifier, kept: Kept) -> None:
        """To verify is to report."""
        before = [_stat(file.path) for file in kept[1]]

        verifier.verify(*kept)

        assert [_stat(file.path) for file in kept[1]] == before

    def test_what_is_gone_does_not_hold_and_is_named(self, verifier: Verifier, kept: Kept) -> None:
        """What it says is read by a person, or it raises what is."""
        if not self.looks_at_files:
            pytest.skip("it does not look at files")
        file = kept[1][0]
        _remove(file.path)

        verdict = _asked(verifier, kept)

        assert not verdict.holds
        assert file.path in verdict.reason


def _asked(verifier: Verifier, kept: Kept) -> Verdict:
    try:
        return verifier.verify(*kept)
    except Exception as error:
        return Verdict(False, str(error))


def _stat(path: str) -> tuple[int, int, int]:
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns


def _remove(path: str) -> None:
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
