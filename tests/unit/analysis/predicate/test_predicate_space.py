"""What predicates can come out as: always, never, and which two say the same."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp
from support.examples import examples

from node.analysis.predicate import space as predicate_space
from node.analysis.predicate.formula import Outcome, Space
from node.analysis.predicate.space import Case, TooManyCasesError, joint, outcomes, together
from node.core.policy.dataset import Field, FieldType, Sensitivity
from node.core.policy.predicate import Scope, read_predicate


def _field(
    name: str,
    type_: FieldType,
    values: tuple[str, ...] = (),
    least: int | None = None,
    most: int | None = None,
) -> Field:
    return Field(name, name, "", type_, Sensitivity.NORMAL, values, least, most)


FIELDS = {
    field.name: field
    for field in (
        _field("s", FieldType.ENUM, ("a", "b", "c")),
        _field("m", FieldType.INTEGER, (), 0, 5),
        _field("k", FieldType.INTEGER, (), 3, 9),
        _field("open", FieldType.INTEGER),
        _field("name", FieldType.TEXT),
        _field("born", FieldType.DATE),
        _field("joined", FieldType.DATE),
        _field("place", FieldType.REGION, ("441900003",)),
    )
}
SPACE = Space(FIELDS, {"n": ("2", "4"), "x": ("3",)}, {"who": FieldType.TEXT})


def _read(text: str) -> exp.Expression:
    read = read_predicate(text, Scope(FIELDS, SPACE.choices.keys(), SPACE.claims.keys()))
    assert read.expression is not None, read.faults
    return read.expression


@pytest.mark.parametrize(
    "text",
    [
        "m < 0",
        "m < 2 AND m > 3",
        "m > 5",
        "s = 'a' AND s = 'b'",
        "s <> 'a' AND s <> 'b' AND s <> 'c'",
        "m < k AND k < 1",
        "m > k AND m < 4",
        "born < joined AND joined < born",
        "born < joined AND born = '9999-12-31'",
        "m >= :n AND m < 2",
        "name = :who AND name IS NULL",
        "m IS NULL AND m = 1",
        "open > 3 AND open < 4",
        "name = :who AND NOT (name = 'x' OR name <> 'x')",
        "m = :n AND m = :x",
    ],
)
def test_contradiction_is_never_true(text: str) -> None:
    assert outcomes(_read(text), SPACE).true is None


@pytest.mark.parametrize(
    "text",
    [
        "m IS NULL OR m >= 0",
        "m IS NULL OR NOT (m BETWEEN 6 AND 9)",
        "s IS NULL OR s IN ('a', 'b', 'c')",
        "m < 3 OR m >= 3 OR m IS NULL",
        "m IS NULL OR k IS NULL OR m <= k OR m > 3",
    ],
)
def test_tautology_is_always_true(text: str) -> None:
    found = outcomes(_read(text), SPACE)
    assert found.true is not None
    assert (found.false, found.null) == (None, None)


@pytest.mark.parametrize(
    ("text", "case"),
    [
        ("m > 3 AND s <> 'a'", Case({"m": "4", "s": "b"}, {})),
        ("open > 3", Case({"open": "4"}, {})),
        ("m > k", Case({"m": "4", "k": "3"}, {})),
        ("born > '2026-11-30'", Case({"born": "2026-12-01"}, {})),
        ("m = :n AND m > 3", Case({"m": "4"}, {"n": "4"})),
        ("place <> '441900003'", Case({"place": "110000"}, {})),
        ("name = :who", Case({"name": "x"}, {"who": "x"})),
    ],
)
def test_predicate_comes_with_a_case_that_makes_it_true(text: str, case: Case) -> None:
    assert outcomes(_read(text), SPACE).true == case


def test_unanswered_is_neither_true_nor_false() -> None:
    found = outcomes(_read("m < 3 OR m >= 3"), SPACE)
    assert found.false is None
    assert found.null == Case({"m": None}, {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("m < 3 AND s = 'a'", "s = 'a' AND m < 3"),
        ("NOT (m < 3)", "m >= 3"),
        ("NOT (m < 3 AND s = 'a')", "s <> 'a' OR m >= 3"),
        ("m BETWEEN 2 AND 4", "m >= 2 AND m <= 4"),
        ("m NOT BETWEEN 2 AND 4", "m < 2 OR m > 4"),
        ("s IN ('a', 'b')", "s = 'b' OR s = 'a'"),
        ("s NOT IN ('a', 'b')", "s = 'c'"),
        ("m > 4", "m = 5"),
        ("m < k", "k > m"),
        ("m = 3 OR (m = 3 AND s = 'a')", "m = 3"),
    ],
)
def test_other_spelling_means_the_same(one: str, other: str) -> None:
    reached = together([_read(one), _read(other)], SPACE)
    # A closed domain makes an unequal NULL possible: `m = 3 AND s = 'a'` with m 3 is NULL where s is.
    assert all((a is Outcome.TRUE) is (b is Outcome.TRUE) for a, b in reached)


def test_two_predicates_that_differ_come_with_a_record_that_shows_it() -> None:
    reached = together([_read("m < 3"), _read("m < 4")], SPACE)
    assert reached[Outcome.FALSE, Outcome.TRUE] == Case({"m": "3"}, {})
    assert (Outcome.TRUE, Outcome.FALSE) not in reached


def test_more_combinations_than_can_be_tried_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predicate_space, "MAX_STEPS", 10)
    with pytest.raises(TooManyCasesError):
        outcomes(_read("m < 3 AND k < 5 AND born < joined"), SPACE)


def test_long_predicate_over_one_field_costs_little() -> None:
    odd = " OR ".join(f"open = {number}" for number in range(1, 140, 2))
    assert outcomes(_read(odd), SPACE).true == Case({"open": "1"}, {})


def test_spaces_of_two_sides_hold_the_domains_of_both() -> None:
    other = Space(
        {"m": _field("m", FieldType.INTEGER, (), 2, 9), "s": _field("s", FieldType.ENUM, ("c", "d"))},
        {"n": ("4", "6")},
        {},
    )
    both = joint(SPACE, other)
    assert both is not None
    assert (both.fields["m"].minimum, both.fields["m"].maximum) == (0, 9)
    assert both.fields["s"].values == ("a", "b", "c", "d")
    assert both.choices == {"n": ("4",), "x": ("3",)}
    assert joint(SPACE, Space({"m": _field("m", FieldType.TEXT)}, {}, {})) is None
    assert joint(SPACE, Space({}, {}, {"n": FieldType.TEXT})) is None


_numbers = st.integers(-1, 10).map(str)
_leaves = st.one_of(
    st.tuples(st.sampled_from("mk"), st.sampled_from(("=", "<>", "<", "<=", ">", ">=")), _numbers).map(
        " ".join
    ),
    st.tuples(
        st.just("m"), st.sampled_from(("=", "<>", "<", "<=", ">", ">=")), st.sampled_from(("k", ":n"))
    ).map(" ".join),
    st.tuples(st.just("s"), st.sampled_from(("=", "<>")), st.sampled_from(("'a'", "'b'", "'c'"))).map(
        " ".join
    ),
    st.sampled_from(
        ("m IS NULL", "k IS NOT NULL", "s IS NULL", "s IN ('a', 'c')", "s NOT IN ('b')", "m BETWEEN 1 AND k")
    ),
    st.tuples(st.just("m NOT BETWEEN"), _numbers, st.just("AND"), _numbers).map(" ".join),
)
_predicates = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        inner.map(lambda each: f"NOT ({each})"),
        st.tuples(st.sampled_from((" AND ", " OR ")), st.lists(inner, min_size=2, max_size=3)).map(
            lambda both: "(" + both[0].join(both[1]) + ")"
        ),
    ),
    max_leaves=6,
)


@examples(120)
@given(_predicates, _predicates)
def test_outcomes_are_those_of_a_database_over_every_record(one: str, other: str) -> None:
    expressions = [_read(one), _read(other)]
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE r (m INTEGER, k INTEGER, s TEXT, n INTEGER)")
        database.executemany(
            "INSERT INTO r VALUES (?, ?, ?, ?)",
            [
                (m, k, s, n)
                for m in (None, *range(6))
                for k in (None, *range(3, 10))
                for s in (None, "a", "b", "c")
                for n in (2, 4)
            ],
        )
        texts = [each.sql(dialect="sqlite").replace(":n", "n") for each in expressions]
        rows = database.execute(f"SELECT DISTINCT {texts[0]}, {texts[1]} FROM r").fetchall()  # noqa: S608
    told = {None: Outcome.NULL, 0: Outcome.FALSE, 1: Outcome.TRUE}
    assert set(together(expressions, SPACE)) == {(told[a], told[b]) for a, b in rows}
