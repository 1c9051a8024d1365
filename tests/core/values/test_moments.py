"""Dates and times keep their zone, and are read in every form of ISO 8601 that people write."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.errors import ParameterError, ValueMisfit
from reflow.values.codec import codec
from reflow.values.digests import value_digest
from reflow.values.text import parse_words

try:
    BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
except zoneinfo.ZoneInfoNotFoundError:  # pragma: no cover
    pytest.skip("no time zones on this machine", allow_module_level=True)


def there_and_back(value):
    own = codec(type(value))
    return own.decode(own.encode(value))


@given(st.datetimes(min_value=dt.datetime(1900, 1, 1), timezones=st.just(BERLIN)))
def test_a_named_zone_stays_that_zone(moment):
    decoded = there_and_back(moment)

    assert decoded == moment
    assert decoded.tzinfo is BERLIN
    assert decoded.utcoffset() == moment.utcoffset()


@pytest.mark.parametrize("fold", [0, 1])
def test_the_hour_that_comes_twice_stays_the_one_that_it_was(fold):
    moment = dt.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=fold)

    assert there_and_back(moment).utcoffset() == dt.timedelta(hours=2 - fold)


@pytest.mark.parametrize(
    "moment",
    [
        dt.time(2, 30, fold=1),
        dt.time(2, 30, tzinfo=BERLIN, fold=1),
        dt.time(2, 30, tzinfo=dt.timezone.utc, fold=1),
        dt.datetime(2024, 10, 27, 2, 30, fold=1),
        dt.datetime(2024, 10, 27, 2, 30, tzinfo=dt.timezone.utc, fold=1),
        dt.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1),
        dt.datetime(2024, 3, 31, 2, 30, tzinfo=BERLIN, fold=1),
        dt.datetime(2025, 1, 1, tzinfo=BERLIN, fold=1),
    ],
    ids=str,
)
def test_the_second_time_round_arrives_and_is_another_value(moment):
    own = codec(type(moment))

    assert repr(there_and_back(moment)) == repr(moment)
    assert value_digest(own.encode(moment)) != value_digest(own.encode(moment.replace(fold=0)))


@pytest.mark.parametrize(
    "word", ["2024-10-27T02:30:00+01:00[Europe/Berlin]", "2024-10-27T02:30:00[Europe/Berlin][fold=1]"]
)
def test_an_offset_or_a_word_says_which_of_the_two_hours_is_meant(word):
    moment = dt.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1)

    assert parse_words("datetime", [word], "--at") == codec(dt.datetime).encode(moment)


@pytest.mark.parametrize(
    "word",
    [
        "2025-01-01T12:00:00+05:00[Europe/Berlin]",
        "2025-01-01T12:00[fold=2]",
        "2025-01-01T12:00[fold=1][fold=1]",
        "2025-01-01T12:00[name=CET]",
    ],
)
def test_a_moment_that_contradicts_itself_is_refused(word):
    with pytest.raises(ParameterError, match="--at takes datetime, not "):
        parse_words("datetime", [word], "--at")


def test_utc_stays_utc():
    assert there_and_back(dt.datetime(2025, 1, 1, tzinfo=dt.timezone.utc)).tzinfo is dt.timezone.utc


@pytest.mark.parametrize("name", ["CET", "MÉZ", "a=b"])
@pytest.mark.parametrize("fold", [0, 1])
def test_the_name_of_a_fixed_offset_is_kept(name, fold):
    zone = dt.timezone(dt.timedelta(hours=1), name)
    moments = [dt.datetime(2025, 1, 1, tzinfo=zone, fold=fold), dt.time(1, tzinfo=zone, fold=fold)]

    assert list(map(repr, map(there_and_back, moments))) == list(map(repr, moments))


def test_a_name_that_would_not_be_read_as_it_was_is_refused():
    zone = dt.timezone(dt.timedelta(hours=1), "a][fold=1")

    with pytest.raises(ValueMisfit, match="give it one without brackets"):
        codec(dt.datetime).encode(dt.datetime(2025, 1, 1, tzinfo=zone))


def test_a_zone_that_would_be_lost_is_refused():
    class Mine(dt.tzinfo):
        def utcoffset(self, moment):
            return dt.timedelta(hours=1)

    with pytest.raises(ValueMisfit, match=r"Mine is not kept; use zoneinfo\.ZoneInfo or datetime\.timezone"):
        codec(dt.datetime).encode(dt.datetime(2025, 1, 1, tzinfo=Mine()))


def test_a_datetime_under_date_stays_a_datetime():
    moment = dt.datetime(2025, 1, 1, 12)

    assert codec(dt.date).decode(codec(dt.date).encode(moment)) == moment
