"""The patterns of values in their form pass what the readers keep as it is, and nothing else."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from node.core.identity import check_character, normalise_resident_id
from node.core.policy.dataset import FieldType
from node.errors import NodeError
from node.source import patterns
from node.source.values import read_value


@pytest.mark.parametrize("year", [1800, 1899, 1900, 1904, 1999, 2000, 2023, 2024, 2096, 2099])
def test_birth_dates_are_those_that_exist(year: int) -> None:
    for month in range(14):
        for day in range(33):
            body = f"441900{year}{month:02}{day:02}001"
            number = body + check_character(body)
            assert bool(re.fullmatch(patterns.RESIDENT_ID, number)) is is_identifier(number), number
            old = number[:6] + number[8:17]
            if year // 100 == 19:
                assert bool(re.fullmatch(patterns.OLD_RESIDENT_ID, old)) is is_identifier(old), old


def is_identifier(text: str) -> bool:
    try:
        normalise_resident_id(text)
    except NodeError:
        return False
    return True


def test_provinces_are_those_that_exist() -> None:
    for first in range(1000):
        body = f"{first:03}00019800101001"
        number = body + check_character(body)
        assert bool(re.fullmatch(patterns.RESIDENT_ID, number)) is is_identifier(number), number
        region = f"{first:03}000"
        assert bool(re.fullmatch(patterns.REGION, region)) is (read_value(region, FieldType.REGION) == region)


def test_dates_are_those_that_exist() -> None:
    days = [date(1, 1, 1) + timedelta(days=step) for step in range(0, 3_652_000, 97)]
    assert all(re.fullmatch(patterns.DATE, day.isoformat()) for day in days)
    for year in (1, 4, 100, 400, 1900, 2000, 2023, 2024, 9999, 0):
        for month in range(14):
            for day in range(33):
                text = f"{year:04}-{month:02}-{day:02}"
                exists = read_value(text, FieldType.DATE) == text
                assert bool(re.fullmatch(patterns.DATE, text)) is exists, text


@pytest.mark.parametrize(
    "region",
    [
        "44",
        "4419",
        "441900",
        "441900000",
        "441900003",
        "441900000001",
        "441900003000",
        "441900003001",
        "000000",
    ],
)
def test_regions_are_in_their_shortest_full_form(region: str) -> None:
    assert bool(re.fullmatch(patterns.REGION, region)) is (read_value(region, FieldType.REGION) == region)
