"""Dates and times keep their zone, and are read in every form of ISO 8601 that people write."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflow.errors import ValueMisfit
from reflow.values.codec import codec

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


def test_utc_stays_utc():
    assert there_and_back(dt.datetime(2025, 1, 1, tzinfo=dt.timezone.utc)).tzinfo is dt.timezone.utc


def test_a_zone_that_would_be_lost_is_refused():
    class Mine(dt.tzinfo):
        def utcoffset(self, moment):
            return dt.timedelta(hours=1)

    with pytest.raises(ValueMisfit, match=r"Mine is not kept; use zoneinfo\.ZoneInfo or datetime\.timezone"):
        codec(dt.datetime).encode(dt.datetime(2025, 1, 1, tzinfo=Mine()))


def test_a_datetime_under_date_stays_a_datetime():
    moment = dt.datetime(2025, 1, 1, 12)

    assert codec(dt.date).decode(codec(dt.date).encode(moment)) == moment
