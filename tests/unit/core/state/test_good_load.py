"""Which loads are put aside, and what is said of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.core.state.good_load import (
    WINDOW,
    LoadCounts,
    Tolerance,
    about,
    doubt,
    fact_name,
    from_fact,
    put_aside,
    to_fact,
)
from node.errors import NodeError
from node.texts.wording import say

USUAL = Tolerance()
GOOD = LoadCounts(1000, 1010, 5, 0, "snapshot-1", "content-1")


def counts(rows: int, read: int = -1, invalid: int = 0, rounded: int = 0) -> LoadCounts:
    return LoadCounts(rows, rows + invalid if read < 0 else read, invalid, rounded, "snapshot-2", "content-2")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (counts(0), "no rows"),
        (counts(499), "fewer than 50 %"),
        (counts(0, read=900, invalid=900), "900 of its 900 rows"),
        (counts(949, invalid=51), "51 of its 1000 rows"),
        (counts(91, read=1000, invalid=909, rounded=1000), "1000 of its 1000 identifiers were rounded"),
        (counts(1000, read=1000, rounded=60), "60 of its 1000 identifiers were rounded"),
    ],
)
def test_load_that_cannot_be_what_it_should_be_is_put_aside(found: LoadCounts, words: str) -> None:
    why = doubt(found, GOOD, USUAL)

    assert why is not None
    assert words in say(why, "en")


@pytest.mark.parametrize(
    "found",
    [
        GOOD,
        counts(500),
        counts(100_000),
        counts(950, invalid=50),
        counts(1000, read=1000, rounded=2),
        replace(GOOD, snapshot="the same file under another policy"),
    ],
)
def test_load_within_the_bounds_is_used(found: LoadCounts) -> None:
    assert doubt(found, GOOD, USUAL) is None


@pytest.mark.parametrize("found", [counts(0), counts(94, invalid=6), counts(0, read=3, invalid=3)])
def test_first_load_ever_is_judged_by_itself(found: LoadCounts) -> None:
    assert doubt(found, None, USUAL) is not None


@pytest.mark.parametrize("found", [counts(1), counts(95, invalid=5)])
def test_first_load_that_is_sound_is_used_however_small(found: LoadCounts) -> None:
    assert doubt(found, None, USUAL) is None


FILLED = replace(GOOD, values={"status": 1000, "since": 600, "note": 40, "flag": 3})


def of_values(read: int = 1010, **values: int) -> LoadCounts:
    return replace(counts(read, read=read), values=values)


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"status": 0, "since": 600, "note": 40}, "status"),
        ({"status": 490, "since": 600, "note": 40}, "status"),
        ({"status": 1000, "since": 299, "note": 40}, "since"),
        ({"status": 1000, "since": 600, "note": 0}, "note"),
    ],
)
def test_load_with_a_column_that_lost_its_values_is_put_aside(values: dict[str, int], column: str) -> None:
    why = doubt(of_values(**values), FILLED, USUAL)
    assert why is not None
    assert f"column {column}" in say(why, "en")
    assert f" {column} 列" in say(why, "zh")


@pytest.mark.parametrize(
    ("before", "now", "is_used"), [(0, 50, True), (0, 51, False), (400, 450, True), (400, 451, False)]
)
def test_values_that_do_not_fit_any_more_are_counted_like_identifiers(
    before: int, now: int, is_used: bool
) -> None:
    good = LoadCounts(1000, 1000, 0, 0, values={"status": 1000 - before}, unfit={"status": before})
    found = replace(counts(2000), values={"status": 2 * (1000 - now)}, unfit={"status": 2 * now})
    why = doubt(found, good, USUAL)
    assert (why is None) is is_used
    if why is not None:
        assert f"{2 * now} values of its column status" in say(why, "en")
        assert doubt(found, good, Tolerance(most_invalid=60, least_rows=0)) is None


@pytest.mark.parametrize(
    "found",
    [
        of_values(status=1000, since=600, note=40, flag=3),
        of_values(status=510, since=310, note=1, flag=0),
        of_values(read=2020, status=1010, since=610, note=5, flag=0),
        of_values(status=1000, since=600, other=0),
        replace(counts(1000), values={}),
    ],
)
def test_values_may_be_fewer_as_rows_may(found: LoadCounts) -> None:
    assert doubt(found, FILLED, USUAL) is None


def test_column_that_a_policy_reads_otherwise_is_doubted_though_the_file_is_the_same() -> None:
    assert doubt(replace(FILLED, snapshot="other", values={"status": 0}), FILLED, USUAL) is not None
    assert doubt(replace(FILLED, snapshot="other", values={"new": 0}), FILLED, USUAL) is None


def test_column_that_was_accepted_empty_is_not_doubted_again() -> None:
    accepted = replace(FILLED, values={"status": 0, "since": 600})
    assert doubt(of_values(status=0, since=600), accepted, USUAL) is None


def test_what_was_accepted_is_not_doubted_again() -> None:
    bad = counts(0, read=50, invalid=50)

    assert doubt(bad, bad, USUAL) is None
    assert doubt(replace(bad, snapshot="other policy"), bad, USUAL) is None
    assert doubt(counts(0), counts(0), USUAL) is None


def test_share_of_bad_rows_that_was_accepted_is_so_for_later_loads_and_no_larger_one() -> None:
    accepted = replace(counts(900, invalid=100), snapshot="snapshot-1", content="content-1")

    assert doubt(counts(1800, invalid=200), accepted, USUAL) is None
    assert doubt(counts(900, invalid=101), accepted, USUAL) is not None


def test_the_same_file_is_doubted_where_a_policy_reads_it_worse() -> None:
    assert doubt(replace(GOOD, snapshot="other", rows=0, invalid=1010), GOOD, USUAL) is not None


def test_bounds_are_those_of_the_dataset() -> None:
    assert doubt(counts(10), GOOD, Tolerance(least_rows=1)) is None
    assert doubt(counts(999), GOOD, Tolerance(least_rows=100)) is not None
    assert doubt(counts(50, invalid=50), GOOD, Tolerance(least_rows=0, most_invalid=50)) is None
    assert doubt(counts(990, invalid=10), GOOD, Tolerance(most_invalid=0)) is not None


def test_an_empty_load_is_put_aside_whatever_the_bounds() -> None:
    assert doubt(counts(0), GOOD, Tolerance(0, 100)) is not None


def test_problem_names_both_counts_and_the_command() -> None:
    why = doubt(counts(3), GOOD, USUAL)
    assert why is not None
    for lang in ("en", "zh"):
        said = say(put_aside("pension", why, counts(3), GOOD, "3f9a02c1", stays=True), lang)
        assert "3" in said
        assert "1000" in said
        assert "dxnode source accept pension --load 3f9a02c1 --reason" in said
    first = say(put_aside("pension", why, counts(3), None, "3f9a02c1", stays=False), "en")
    assert "nothing is answered" in first


def load(number: int, rows: int) -> LoadCounts:
    return replace(counts(rows), snapshot=f"snapshot {number}", content=f"content {number}")


def good_loads(*rows: int) -> LoadCounts:
    """The last of loads of so many rows, each used after the one before."""
    good: LoadCounts | None = None
    for number, each in enumerate(rows):
        assert doubt(load(number, each), good, USUAL) is None
        good = load(number, each).after(good)
    assert good is not None
    return good


@pytest.mark.parametrize("share", [0.6, 0.75, 0.9])
def test_decline_in_small_steps_is_noticed_once_half_of_the_rows_are_gone(share: float) -> None:
    rows, why = [10_000], None
    while rows[-1] >= 5000:
        good = good_loads(*rows)
        rows.append(int(rows[-1] * share))
        why = doubt(load(-1, rows[-1]), good, USUAL)

    assert why is not None
    assert "fewer than 50 % of the 10000 rows" in say(why, "en")


def test_decline_is_seen_within_the_last_good_loads_and_not_beyond() -> None:
    seen = good_loads(1000, *[600] * (WINDOW - 1))
    forgotten = good_loads(1000, *[600] * WINDOW)

    assert doubt(counts(400), seen, USUAL) is not None
    assert doubt(counts(400), forgotten, USUAL) is None


def test_what_was_accepted_is_what_a_decline_is_measured_by() -> None:
    accepted = replace(counts(400), snapshot="snapshot-1")
    assert from_fact(to_fact(accepted)).most_rows == 400  # type: ignore[union-attr]

    assert doubt(counts(390), accepted, USUAL) is None
    assert doubt(counts(199), accepted.after(None), USUAL) is not None


def test_rows_that_come_and_go_within_the_bounds_are_no_decline() -> None:
    assert good_loads(1000, 700, 1000, 1400, 700, 701).most_rows == 1400


def test_load_has_another_name_wherever_it_could_be_another() -> None:
    key = b"k" * 32
    others = [
        replace(GOOD, rows=999),
        replace(GOOD, invalid=4),
        replace(GOOD, content="content-2"),
        replace(GOOD, snapshot="snapshot-2"),
    ]
    names = {each.name(key) for each in (GOOD, *others)}

    assert len(names) == 5
    assert GOOD.name(key) == replace(GOOD, earlier=(1, 2), place="/a").name(key)
    assert GOOD.name(b"o" * 32) not in names, "without the key nobody can try out what a load holds"


def test_load_of_a_file_that_is_named_no_more_is_said_to_be_of_another() -> None:
    why = doubt(counts(3), GOOD, USUAL)
    assert why is not None
    moved = replace(GOOD, place="/data/old.csv")
    for lang in ("en", "zh"):
        assert "/data/old.csv" in say(put_aside("pension", why, counts(3), moved, "0", stays=True), lang)


def test_good_load_is_remembered_as_it_was_and_damage_is_told() -> None:
    assert from_fact(to_fact(GOOD)) == GOOD
    assert from_fact(to_fact(FILLED)) == FILLED
    assert from_fact('{"rows":1,"read":1,"invalid":0,"rounded":0}') == LoadCounts(1, 1, 0, 0)
    later = replace(GOOD, earlier=(900, 1100), place="/data/a.csv")
    assert from_fact(to_fact(later)) == later
    assert from_fact(to_fact(later)).earlier == (900, 1100)  # type: ignore[union-attr]
    assert from_fact(None) is None
    assert fact_name("a") != fact_name("b")
    with pytest.raises(NodeError):
        from_fact("{}")


@pytest.mark.parametrize(
    ("rows", "said"),
    [(0, "0"), (1, "<100"), (99, "<100"), (100, "~100"), (1234, "~1200"), (987_654, "~980000")],
)
def test_records_tell_about_how_many_rows_there_were(rows: int, said: str) -> None:
    assert about(rows) == said
