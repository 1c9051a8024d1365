"""The guard around every test fails those that leave the world changed, and gives each its own home."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
CONFTEST = Path(__file__).with_name("conftest.py")


@pytest.mark.parametrize(
    ("deed", "complaint"),
    [
        ("os.environ['LEFT_BEHIND'] = '1'", "*left the environment changed: LEFT_BEHIND: None -> '1'*"),
        ("del os.environ['HOME']", "*left the environment changed: HOME*"),
        ("os.chdir('/')", "*left the working directory changed: /*"),
    ],
)
def test_what_is_left_changed_fails_the_test(pytester: pytest.Pytester, deed: str, complaint: str) -> None:
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    pytester.makepyfile(f"import os\ndef test_deed(): {deed}\ndef test_next(): assert 'HOME' in os.environ")

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines([complaint])


def test_what_monkeypatch_puts_back_is_no_change(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    pytester.makepyfile(
        """
        def test_deed(monkeypatch, tmp_path):
            monkeypatch.setenv("LEFT_BEHIND", "1")
            monkeypatch.chdir(tmp_path)
        """
    )

    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_store_and_the_configuration_are_the_tests_own() -> None:
    home = Path(os.environ["HOME"])

    assert list(home.iterdir()) == []
    assert Path(os.environ["REFLOW_STORE"]).parent == home
    assert Path(os.environ["XDG_CONFIG_HOME"]).parent == home
