"""Reading the text of a field."""

from __future__ import annotations

import pytest
from support.register import ANN, dataset

from node.core.bounds import MAX_ANSWER
from node.core.policy.dataset import Field, FieldType, Sensitivity
from node.source.values import read_field, read_value


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("  张　三\t", FieldType.TEXT, "张 三"),
        ("e\u0301", FieldType.TEXT, "\u00e9"),
        ("12", FieldType.INTEGER, 12),
        ("１２", FieldType.INTEGER, 12),
        ("-7", FieldType.INTEGER, -7),
        ("60.0", FieldType.INTEGER, 60),
        ("2020-01-31", FieldType.DATE, "2020-01-31"),
        ("2020/1/31", FieldType.DATE, "2020-01-31"),
        ("20200131", FieldType.DATE, "2020-01-31"),
        ("2020年1月31日", FieldType.DATE, "2020-01-31"),
        ("2020-01-31 00:00:00", FieldType.DATE, "2020-01-31"),
        ("2020-01-31T00:00:00.000000", FieldType.DATE, "2020-01-31"),
        ("4419", FieldType.REGION, "441900"),
        (f" {ANN.lower()}", FieldType.RESIDENT_ID, ANN),
    ],
)
def test_usual_spellings_become_one_form(text: str, kind: FieldType, value: str | int) -> None:
    assert read_value(text, kind) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", FieldType.TEXT),
        (" \u3000", FieldType.TEXT),
        ("a\x00b", FieldType.TEXT),
        ("x" * (MAX_ANSWER + 1), FieldType.TEXT),
        ("1e3", FieldType.INTEGER),
        ("1.5", FieldType.INTEGER),
        ("9" * 19, FieldType.INTEGER),
        ("0x10", FieldType.INTEGER),
        ("1_000", FieldType.INTEGER),
        ("2020-02-30", FieldType.DATE),
        ("31-01-2020", FieldType.DATE),
        ("2020-01", FieldType.DATE),
        ("2020-01-31 13:45:00", FieldType.DATE),
        ("2020-01-31 00:00:00.5", FieldType.DATE),
        ("2020-01-31 00:00:00Z", FieldType.DATE),
        ("2020-01-31 00:00:00+08:00", FieldType.DATE),
        ("0" * 100, FieldType.DATE),
        ("44190", FieldType.REGION),
        (ANN[:-1] + ("1" if ANN[-1] != "1" else "2"), FieldType.RESIDENT_ID),
        ("not a code", FieldType.CREDIT_CODE),
    ],
)
def test_what_spells_no_value_is_none(text: str, kind: FieldType) -> None:
    assert read_value(text, kind) is None


def test_integer_outside_its_range_is_none() -> None:
    months = dataset().fields["months"]

    assert [read_field(text, months) for text in ("-1", "0", "720", "721")] == [None, 0, 720, None]


def test_enum_outside_its_values_is_none() -> None:
    status = dataset().fields["status"]

    assert [read_field(text, status) for text in (" active", "ACTIVE", "gone")] == ["active", None, None]


def test_region_is_not_held_to_the_regions_counted_by() -> None:
    region = Field("region", "", "", FieldType.REGION, Sensitivity.NORMAL, values=("441900003",))

    assert read_field("441900101", region) == "441900101"
