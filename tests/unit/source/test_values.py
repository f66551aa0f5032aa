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
        ("  张　三\t", FieldType.TEXT, "张三"),
        ("阿力木•买买提", FieldType.TEXT, "阿力木·买买提"),
        ("\u202a60\u202c", FieldType.INTEGER, 60),
        ("\u200e2020-01-31\ufeff", FieldType.DATE, "2020-01-31"),
        ("\u20664419\u2069", FieldType.REGION, "441900"),
        (f"\u202a{ANN}\u202c", FieldType.RESIDENT_ID, ANN),
        ("n2441900-mf0000001\u00adr", FieldType.CREDIT_CODE, "N2441900MF0000001R"),
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


def test_enum_is_read_by_its_form_and_kept_as_the_policy_spells_it() -> None:
    work = Field("work", "", "", FieldType.ENUM, Sensitivity.NORMAL, values=("在职（全日制）", "a b"))

    read = [
        read_field(text, work) for text in ("在 职(全日制)", "\u200e在职（全日制）", "Ａ b", "a　b", "ab")
    ]
    assert read == ["在职（全日制）", "在职（全日制）", None, "a b", None]


def test_region_is_not_held_to_the_regions_counted_by() -> None:
    region = Field("region", "", "", FieldType.REGION, Sensitivity.NORMAL, values=("441900003",))

    assert read_field("441900101", region) == "441900101"
