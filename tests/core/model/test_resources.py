"""Memory and time are read as Slurm reads them, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.errors import DefinitionError
from reflow.model.resources import parse_mem, parse_time


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("2000", 2000),
        (2000, 2000),
        ("512M", 512),
        ("4G", 4096),
        ("4GB", 4096),
        ("4g", 4096),
        ("1T", 1024**2),
        ("1K", 1),
        ("2048K", 2),
        (0, 0),
    ],
)
def test_memory_is_in_mib(text, mib):
    assert parse_mem(text) == mib


@pytest.mark.parametrize("text", ["", "1.5G", "4GiB", "G", "-1G", "4 G", "1e3", True, "٤G\n4"], ids=repr)
def test_what_is_no_memory_is_refused_with_an_example(text):
    with pytest.raises(DefinitionError, match=r"mem='4G'"):
        parse_mem(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 1800),
        (30, 1800),
        ("30:10", 1810),
        ("00:10:00", 600),
        ("100:00:00", 360_000),
        ("1-12", 129_600),
        ("1-12:30", 131_400),
        ("1-12:30:15", 131_415),
    ],
)
def test_time_is_in_seconds(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "0", "00:00:00", "1h", "1.5", "-5", "1-", "1:2:3:4", "UNLIMITED", False], ids=repr
)
def test_what_is_no_time_limit_is_refused_with_the_forms(text):
    with pytest.raises(DefinitionError, match="hours:minutes:seconds"):
        parse_time(text)


@given(st.integers(0, 30), st.integers(0, 23), st.integers(0, 59), st.integers(1, 59))
def test_days_hours_minutes_and_seconds_add_up(days, hours, minutes, seconds):
    assert (
        parse_time(f"{days}-{hours}:{minutes}:{seconds}")
        == ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    )
