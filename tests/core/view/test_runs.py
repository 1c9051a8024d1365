"""The list of runs."""

from reflow.view.runs import runs_text
from reflow.view.screen import Screen
from reflow.view.table import table

RUN = {
    "run_id": "demo-20261118-3f9a2c1b",
    "workflow": "demo",
    "state": "running",
    "done": 81,
    "total": 102,
    "created_at": "1970-01-01T00:16:40Z",
    "run_dir": "/r",
    "parameters": {"start": "'2025-01-01'"},
}


def test_a_run_is_one_line():
    lines = runs_text([RUN], Screen(), now_s=1401).splitlines()

    assert lines[1].split() == ["▶", RUN["run_id"], "running", "81/102", "6m41s", "ago", "start='2025-01-01'"]


def test_a_run_that_cannot_be_read_is_still_listed():
    gone = RUN | {"state": None, "done": None, "total": None}

    assert "out of reach" in runs_text([gone], Screen(), now_s=1401)


def test_columns_line_up_whatever_colours_are_in_them():
    lines = table([("\x1b[32mab\x1b[0m", "x"), ("abc", "y")], indent="")

    assert [
        line.replace("\x1b[32m", "").replace("\x1b[0m", "").index(c)
        for line, c in zip(lines, "xy", strict=True)
    ] == [5, 5]
