"""A secret is never typed in clear, and never shown."""

import io

import pytest

from reflow.errors import ParameterError


def test_a_secret_is_read_from_a_file(secretive, typed, tmp_path):
    (tmp_path / "token").write_text("123\n")

    found = typed(secretive, "--token", f"@{tmp_path / 'token'}")

    assert found.secrets["token"] == 123
    assert "token" not in found.parameters


def test_a_secret_is_read_from_the_environment(secretive, typed):
    assert typed(secretive, environ={"REFLOW_PARAM_TOKEN": "123"}).secrets["token"] == 123


def test_a_secret_is_asked_for(secretive, typed):
    asked = []

    found = typed(secretive, ask=lambda prompt: asked.append(prompt) or "123")

    assert (found.secrets["token"], asked) == (123, ["token: "])


def test_a_secret_that_may_be_left_out_is_not_asked_for(secretive, typed):
    assert typed(secretive, environ={"REFLOW_PARAM_TOKEN": "1"}).secrets["spare"] is None


def test_a_secret_in_clear_is_refused_without_repeating_it(secretive, typed):
    with pytest.raises(ParameterError, match="--token @FILE or set REFLOW_PARAM_TOKEN") as refused:
        typed(secretive, "--token", "hunter2")

    assert "hunter2" not in str(refused.value)


def test_a_secret_that_does_not_fit_is_not_shown(secretive, typed):
    with pytest.raises(ParameterError, match="--token takes int") as refused:
        typed(secretive, environ={"REFLOW_PARAM_TOKEN": "hunter2"})

    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(secretive, typed):
    with pytest.raises(ParameterError, match="@/no/such: the file cannot be read"):
        typed(secretive, "--token", "@/no/such")


def test_nobody_to_ask_is_said_with_what_to_do(secretive, typed, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(ParameterError, match="nobody to ask; give --token @FILE"):
        typed(secretive)
