"""Where no fault can be injected the crash tests say so, and in CI that is a failure."""

from __future__ import annotations

import pytest
from crash_faults import need_strace


def test_ci_fails_without_strace():
    with pytest.raises(pytest.fail.Exception, match="no strace"):
        need_strace("there is no strace", {"CI": "true"})


def test_others_are_told_that_nothing_was_tried():
    with pytest.raises(pytest.skip.Exception, match="NO CRASH WAS TRIED: there is no strace"):
        need_strace("there is no strace", {})


def test_with_strace_the_tests_go_on():
    need_strace("", {"CI": "true"})
