"""`policy diff` against brute force, in what questions answer: every value is really asked about by SQL."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta, timezone
from itertools import accumulate, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp
from support.examples import examples

from node.analysis.diff.diff import Difference, difference
from node.analysis.diff.relation import Compared, Direction, Relation
from node.core.policy.policy import Policies, PolicyFile
from node.core.reading.build import build_policies
from node.core.workdays import Calendar

CALENDAR = Calendar(timezone(timedelta(hours=8)))
TODAY = date(2026, 9, 1)
HEAD = """\
dataset: d
title: x
title_en: x
provider: 11441900000000019Y
sharing: {attribute: conditional, modes: [interface], scope: x, use: x}
format: database
classification: {level: 1, personal: true}
update: daily
subject: {field: id, type: resident_id}
"""
RULE = "rules:\n  - {id: r, allow: [%s], to: {any: true}, for: [a]}\n"


def _build(fields: str, questions: Mapping[str, str], budget: Sequence[str] = ()) -> Policies:
    text = HEAD + f"fields:\n  f: {{title: x, title_en: x, {fields}}}\nquestions:\n"
    text += "".join(f"  {name}: {{title: q, title_en: q, {body}}}\n" for name, body in questions.items())
    text += RULE % ", ".join(questions)
    if budget:
        amounts = ", ".join(
            f"{who}: {amount}"
            for who, amount in zip(("dataset", "organisation", "requester"), budget, strict=True)
        )
        text += f"privacy: {{budget: {{{amounts}}}, period: month}}\n"
    return build_policies([PolicyFile("d.yaml", text.encode())])


def _difference(before: Policies, after: Policies) -> Difference:
    return difference(before, after, CALENDAR, TODAY)


# All values of small domains; of those too large, all that differ in few places.
TEXTS = tuple("".join(signs) for length in range(1, 8) for signs in product("ab", repeat=length))
IDENTIFIERS = tuple(
    "".join("b" if place in flipped else "a" for place in range(18))
    for flipped in ((), *product(range(18), repeat=2))
)
REGIONS = tuple(
    province + city + county + town
    for province, city, county, town in product(
        ("11", "44"), ("00", "01", "19"), ("00", "02"), ("", "001", "002", "001007", "001008")
    )
)
VALUES: Mapping[str, tuple[str, ...]] = {
    "text": TEXTS,
    "resident_id": IDENTIFIERS,
    "credit_code": IDENTIFIERS,
    "date": tuple(f"{year}-{month:02}-01" for year in (2025, 2026) for month in range(1, 13)),
    "region": REGIONS,
    "enum": ("on", "off"),
}


def _masks(most: int) -> st.SearchStrategy[str]:
    kept = st.integers(0, most)
    return st.builds("mask: {{first: {}, last: {}}}".format, kept, kept)


def _all_or_whether(*others: str) -> st.SearchStrategy[str]:
    return st.sampled_from(("plain: true", "exists: true", *others))


_EDGES = st.builds(
    lambda first, widths: list(accumulate(widths, initial=first)),
    st.integers(-14, 6),
    st.lists(st.sampled_from((2, 3, 4, 6)), min_size=1, max_size=4),
)
HOW: Mapping[str, st.SearchStrategy[str]] = {
    "integer": _all_or_whether()
    | st.sampled_from((2, 3, 4, 5, 6, 8, 9, 12, 30)).map("generalise: {{step: {}}}".format)
    | _EDGES.map("band: {}".format),
    "text": _all_or_whether() | _masks(2),
    "resident_id": st.just("exists: true") | _masks(5),
    "credit_code": st.just("exists: true") | _masks(5),
    "date": _all_or_whether("year_of: true"),
    "region": _all_or_whether(
        *(f"generalise: {{level: {level}}}" for level in ("province", "city", "county", "town"))
    ),
    "enum": _all_or_whether(),
}


@st.composite
def _derivations(draw: st.DrawFn) -> tuple[str, tuple[int, int], str, str]:
    """A kind of field, the ends of its range if it has one, and what is let out of it on both sides."""
    kind = draw(st.just("integer") | st.sampled_from(sorted(HOW)))
    low = draw(st.integers(-25, 20))
    high = low + draw(st.integers(1, 12) | st.integers(1, 40))
    return kind, (low, high), draw(HOW[kind]), draw(HOW[kind])


Told = Mapping[str | None, str | None]
"""What is answered about each value, and about a field that is not filled."""


def _answered(policies: Policies, values: Iterable[str | int]) -> Told:
    """What is really answered."""
    expression = policies.datasets["d"].questions["q"].expression
    asked = exp.select(exp.column("f"), expression).from_("t").sql("sqlite")
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE t (f)")
        database.executemany("INSERT INTO t VALUES (?)", [(each,) for each in (*values, None)])
        rows = database.execute(asked).fetchall()
    return {None if value is None else str(value): answer for value, answer in rows}


def _parted(before: Told, after: Told) -> bool:
    """Whether values that were answered alike no longer are: only then more can be learned."""
    told: dict[str | None, set[str | None]] = {}
    for value, answer in before.items():
        told.setdefault(answer, set()).add(after[value])
    return any(len(answers) > 1 for answers in told.values())


@examples(400)
@given(_derivations())
def test_what_a_field_lets_out_is_narrower_only_if_it_follows_for_every_value(
    drawn: tuple[str, tuple[int, int], str, str],
) -> None:
    kind, (low, high), *hows = drawn
    values: tuple[str | int, ...] = VALUES.get(kind) or tuple(range(low, high + 1))
    more = {"integer": f", range: [{low}, {high}]", "enum": ", values: [on, off]"}.get(kind, "")
    pair = [_build(f"type: {kind}{more}", {"q": f"field: f, as: {{{how}}}"}) for how in hows]
    found = _difference(*pair)
    before, after = (_answered(each, values) for each in pair)
    # Nothing is left to doubt: it is wider exactly if more can be learned.
    assert found.equal is (before == after)
    assert found.widens is _parted(before, after)
    for change in found.changes:
        assert change.compared is not None
        _check_records(change.compared, pair, integers=kind == "integer")
        if found.widens:
            assert change.compared.relation is (Relation.OTHER if _parted(after, before) else Relation.FINER)


def _check_records(compared: Compared, pair: Sequence[Policies], *, integers: bool) -> None:
    """The records of a comparison are really answered so, and show what it says."""
    shown = [value for record in compared.records if (value := record.values["f"]) is not None]
    before, after = (_answered(each, map(int, shown) if integers else shown) for each in pair)
    assert [(each.before, each.after) for each in compared.records] == [
        (before[value], after[value]) for value in shown
    ]
    if compared.direction is Direction.WIDER:
        assert len(shown) == 2
        assert before[shown[0]] == before[shown[1]]
        assert after[shown[0]] != after[shown[1]]
    elif compared.direction is Direction.NARROWER:
        assert before[shown[0]] != after[shown[0]]


# A few questions, in ways that often mean the same, or less, or something else.
_CONDITIONS = st.recursive(
    st.builds("f {} {}".format, st.sampled_from(("<", "<=", ">", ">=", "=", "<>")), st.integers(-1, 6))
    | st.sampled_from(("f IS NULL", "f IS NOT NULL", "f IN (1, 3)")),
    lambda inner: (
        st.builds("({} AND {})".format, inner, inner)
        | st.builds("({} OR {})".format, inner, inner)
        | st.builds("NOT ({})".format, inner)
    ),
    max_leaves=3,
)


@examples(200)
@given(_CONDITIONS, _CONDITIONS)
def test_condition_is_narrower_only_if_its_answer_follows_for_every_value(first: str, second: str) -> None:
    pair = [_build("type: integer, range: [0, 5]", {"q": f'verify: "{each}"'}) for each in (first, second)]
    found = _difference(*pair)
    before, after = (
        {value: str(bool(answer)) for value, answer in _answered(each, tuple(range(6))).items()}
        for each in pair
    )
    assert found.equal is (before == after)
    assert found.widens or not _parted(before, after)


def _tenths(number: int) -> str:
    return f"{number // 10}.{number % 10}"


Priced = tuple[dict[str, int], list[int]]
"""Statistics with their prices, and the budgets, in tenths."""


@st.composite
def _priced(draw: st.DrawFn) -> tuple[Priced, Priced]:
    """Either all is a fraction of what it was, or some of it differs a little."""
    prices = draw(st.dictionaries(st.sampled_from(("p", "q")), st.integers(2, 8), min_size=1))
    budgets = draw(st.lists(st.integers(8, 16), min_size=3, max_size=3))
    if draw(st.booleans()):
        quarters = draw(st.integers(1, 3))
        lower = {name: -(-price * quarters // 4) for name, price in prices.items()}
        return (prices, budgets), (lower, [max(each * quarters // 4, *lower.values()) for each in budgets])
    differing = st.sampled_from((-2, -1, 0, 0, 1))
    near = {name: min(max(price + draw(differing), 1), 8) for name, price in prices.items()}
    return (prices, budgets), (near, [max(each + draw(differing), 8) for each in budgets])


def _affordable(prices: Mapping[str, int], budget: int) -> Iterator[tuple[int, ...]]:
    """How often each statistic can be released together, one after another."""
    names = sorted(prices)
    for times in product(*(range(budget // prices[name] + 1) for name in names)):
        if sum(many * prices[name] for many, name in zip(times, names, strict=True)) <= budget:
            yield times


@examples(300)
@given(_priced())
def test_price_is_narrower_only_with_more_noise_and_no_more_releases(sides: tuple[Priced, Priced]) -> None:
    counting = "statistic: count, group_by: [f], unit_contributes: 1, epsilon: "
    found = _difference(
        *(
            _build(
                "type: enum, values: [on, off]",
                {name: counting + _tenths(price) for name, price in prices.items()},
                list(map(_tenths, budgets)),
            )
            for prices, budgets in sides
        )
    )
    (old, old_budgets), (new, new_budgets) = sides
    budgets = list(zip(old_budgets, new_budgets, strict=True))
    more = any(not set(_affordable(new, now)) <= set(_affordable(old, was)) for was, now in budgets)
    nearer = any(new[name] > old[name] for name in old)
    grown = any(now > was for was, now in budgets)
    assert found.equal is (sides[0] == sides[1])
    assert found.widens or not (more or nearer)
    # What is said to be proved is, and of one statistic alone nothing is left to doubt.
    if len(old) == 1 or Direction.WIDER in {change.direction for change in found.changes}:
        assert found.widens is (more or nearer or grown)


@pytest.mark.parametrize(("before", "after"), [(1.0, 0.5), (0.5, 0.49), (3.0, 0.01), (0.02, 0.01)])
def test_more_noise_is_less_noise_with_some_added(before: float, after: float) -> None:
    less, more = math.exp(-before), math.exp(-after)
    unchanged = less * (1 - more) ** 2 / (more * (1 - less) ** 2)
    assert 0 < unchanged < 1
    reach = math.ceil(40 / after)

    def noise(decay: float) -> list[float]:
        return [(1 - decay) / (1 + decay) * decay ** abs(x) for x in range(-reach, reach + 1)]

    near, far = noise(less), noise(more)
    for x in (0, 1, 2, 7, round(2 / after)):
        added = sum(
            near[reach + y] * far[reach + x - y]
            for y in range(max(x - reach, -reach), min(x + reach, reach) + 1)
        )
        assert unchanged * near[reach + x] + (1 - unchanged) * added == pytest.approx(
            far[reach + x], rel=1e-9
        )
