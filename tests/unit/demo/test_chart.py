"""The chart of noisy counts."""

from __future__ import annotations

from rich.cells import cell_len

from node.demo.chart import bar_chart

COUNTS = [("东城街道", 9_000), ("石龙镇", 3_000), ("x", 10)]


def test_every_line_fits_the_width() -> None:
    assert all(cell_len(line) <= 60 for line in bar_chart(COUNTS, 50, 60))


def test_bars_start_in_one_column_and_numbers_end_in_one() -> None:
    lines = bar_chart(COUNTS, 50, 60)
    starts = {cell_len(line[: line.index(mark)]) for line in lines for mark in "█░" if mark in line[:9]}
    assert starts == {9}
    assert len({cell_len(line) for line in lines}) == 1


def test_bars_are_in_proportion() -> None:
    nine, three, _ = (line.count("█") for line in bar_chart(COUNTS, 0, 110))
    assert abs(nine / three - 3) < 0.15


def test_uncertainty_is_drawn_light() -> None:
    (line,) = bar_chart([("a", 100)], 50, 80)
    assert line.count("░") > line.count("█") > 0


def test_count_below_zero_is_shown_as_a_number() -> None:
    lines = bar_chart([("a", -4), ("b", 20)], 2, 40)
    assert lines[0].endswith("-4")
    assert "█" not in lines[0]


def test_no_counts_give_no_lines() -> None:
    assert bar_chart([], 3, 40) == []


def test_counts_of_nothing_do_not_divide_by_zero() -> None:
    assert bar_chart([("a", 0)], 0, 40)[0].endswith("0")
