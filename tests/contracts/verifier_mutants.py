"""Verifiers that break one promise each; `test_verifier_contract_bites` runs the contract against every one."""

from __future__ import annotations

import os

import pytest

from reflow.plugin import KeptFile, Verdict, Verifier, take_stamp
from reflow.testing import VerifierContract


class Unchanged(Verifier):
    name = "there"

    def verify(self, output, files):
        gone = [file.path for file in files if not os.path.exists(file.path)]
        return Verdict(not gone, f"{gone} is missing" if gone else "")


class NameOfTwoWords(Unchanged):
    """caught by: its_name_can_be_typed"""

    name = "is there"


class RejectsAll(Unchanged):
    """caught by: what_was_just_made_holds"""

    def verify(self, output, files):
        return Verdict(False, "no")


class SaysTrue(Unchanged):
    """caught by: what_was_just_made_holds"""

    def verify(self, output, files):
        return True


class RejectsWhatItKnows(Unchanged):
    """caught by: it_says_the_same_when_it_is_asked_again"""

    known = False

    def verify(self, output, files):
        self.known, before = True, self.known
        return Verdict(not before)


class Touches(Unchanged):
    """caught by: it_changes_nothing_that_it_looks_at"""

    def verify(self, output, files):
        for file in files:
            os.utime(file.path, (1, 1))
        return super().verify(output, files)


class AcceptsAll(Unchanged):
    """caught by: what_is_gone_does_not_hold_and_is_named"""

    def verify(self, output, files):
        return Verdict(True)


class NamesNothing(Unchanged):
    """caught by: what_is_gone_does_not_hold_and_is_named"""

    def verify(self, output, files):
        return super().verify(output, files)._replace(reason="something is missing")


def contract_of(mutant):
    class Contract(VerifierContract):
        @pytest.fixture
        def verifier(self):
            return mutant()

        @pytest.fixture
        def kept(self, tmp_path):
            file = tmp_path / "file"
            file.write_text("file")
            return file, [KeptFile(str(file), take_stamp(str(file)))]

    return Contract


for found in (Unchanged, *Unchanged.__subclasses__()):
    globals()[f"Test{found.__name__}"] = contract_of(found)
