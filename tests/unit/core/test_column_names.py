"""A column is found by its name, whatever an export made of that, and never one of two."""

from __future__ import annotations

import pytest

from node.core.column_names import parting_sign, places_of


@pytest.mark.parametrize(
    "written",
    [
        "resident_id",
        " resident_id ",
        "\ufeffresident_id",
        "\u200bresident_id\u00a0",
        "RESIDENT_ID",
        "Resident_Id",
        "ｒｅｓｉｄｅｎｔ＿ｉｄ",
        "resident_id\t",
        "\u202aresident_id\u202c",
        "resident_\u00adid",
    ],
)
def test_what_stands_around_a_name_and_its_case_and_width_do_not_count(written: str) -> None:
    assert places_of("resident_id", ["no", written, "name"]) == [1]


@pytest.mark.parametrize("written", ["resident-id", "residentid", "resident_id2", "id", "身份证号", ""])
def test_any_other_name_is_another_column(written: str) -> None:
    assert places_of("resident_id", [written]) == []


def test_a_column_of_exactly_the_name_comes_first_and_of_others_none_is_chosen() -> None:
    assert places_of("id", ["ID", "id", " id"]) == [1]
    assert places_of("id", ["ID", " id"]) == [0, 1]
    assert places_of("id", ["id", "id"]) == [0, 1]


@pytest.mark.parametrize("sign", [";", "\t", "|", "，", "；", "、"])
def test_the_sign_that_parts_a_table_in_the_place_of_commas_is_known(sign: str) -> None:
    assert parting_sign([f"id{sign}name"]) == ("Tab" if sign == "\t" else sign)
    assert parting_sign(["id", f"name{sign}other"]) == ""
    assert parting_sign(["number"]) == ""
