"""Rows on a screen: a table where they fit, blocks where they do not, and nothing is cut off."""

from __future__ import annotations

from rich.cells import cell_len

from node.cli.terminal.layout import blocks, fits

CODE = "social-insurance/pension/deferral/of-the-second-kind/with-a-name-that-nobody-can-remember-whole"


def shown(columns: list[str], *rows: list[str], width: int = 80) -> list[str]:
    return list(blocks(columns, rows, width))


def test_a_chinese_character_takes_two_columns() -> None:
    assert fits(["授权"], [["参保缴费"]], 8)
    assert not fits(["授权"], [["参保缴费"]], 7)


def test_blanks_between_columns_count() -> None:
    assert fits(["a", "b"], [["1", "2"]], 4)
    assert not fits(["a", "b"], [["1", "2"]], 3)


def test_values_stand_below_each_other_behind_titles_in_chinese() -> None:
    lines = shown(["序号", "时间", "交换编号"], ["1", "now", "id"])
    assert lines == ["序号 1", "  时间:     now", "  交换编号: id"]


def test_what_says_nothing_is_left_out() -> None:
    assert shown(["id", "purpose", "note"], ["1", "-", ""]) == ["id 1"]


def test_rows_are_apart() -> None:
    assert shown(["id"], ["1"], ["2"]) == ["id 1", "", "id 2"]


def test_a_long_list_goes_on_in_the_next_line_under_itself() -> None:
    purposes = ", ".join(f"social-insurance/pension/{number}" for number in range(8))
    lines = shown(["id", "purposes"], ["1", purposes])
    assert all(cell_len(line) <= 80 for line in lines)
    assert {line[:12] for line in lines[2:]} == {" " * 12}
    assert " ".join(line[12:] for line in lines[1:]) == purposes


def test_a_long_text_in_chinese_breaks_between_characters() -> None:
    note = "涉嫌超范围使用，" * 20
    lines = shown(["授权", "说明"], ["g-1", note])
    assert all(cell_len(line) <= 80 for line in lines)
    assert "".join(line[8:].strip() for line in lines[1:]).endswith("使用，")
    assert "".join(line.replace("说明:", "").strip() for line in lines[1:]) == note


def test_a_code_longer_than_a_line_is_whole_so_that_it_can_be_copied() -> None:
    assert any(CODE in line for line in shown(["id", "purposes"], ["1", f"tax, {CODE}"]))


def test_a_screen_without_room_loses_nothing() -> None:
    lines = shown(["授权编号", "用途"], ["g-1", CODE], width=10)
    assert any(CODE in line for line in lines)
