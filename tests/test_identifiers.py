"""Instants as they are written: always four digits of a year, so that text order is time order."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.identifiers import format_instant, parse_instant


@pytest.mark.parametrize(("year", "text"), [(1, "0001"), (999, "0999"), (1000, "1000"), (9999, "9999")])
def test_years_have_four_digits(year, text):
    assert format_instant(datetime(year, 2, 3, 4, 5, 6, 789, UTC)) == f"{text}-02-03T04:05:06Z"


def test_another_zone_becomes_utc():
    here = timezone(timedelta(hours=2))
    assert format_instant(datetime(1000, 1, 1, 1, tzinfo=here)) == "0999-12-31T23:00:00Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read(instant):
    assert parse_instant(format_instant(instant)) == instant.replace(microsecond=0)
