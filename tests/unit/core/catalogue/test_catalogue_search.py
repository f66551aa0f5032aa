"""Search over the catalogue finds what it should, refuses what is unbounded, and ranks titles first."""

from __future__ import annotations

import pytest
from support.policy_samples import HUMAN_RESOURCES, TAX, build

from node.core.catalogue.entry import entry_of
from node.core.catalogue.search import (
    MAX_TEXT,
    MAX_WORDS,
    CatalogueIndex,
    Entry,
    Hit,
    Lookup,
    normal,
    searched,
)
from node.errors import NodeError, Reason


def entry(name: str, *titles: str, items: tuple[str, ...] = (), purposes: tuple[str, ...] = ()) -> Entry:
    return Entry(name, HUMAN_RESOURCES, (name, *titles), items, ("累计缴费是否满",), frozenset(purposes))


PENSION = entry(
    "pension",
    "基本养老保险参保信息",
    "Enrolment in pension insurance",
    items=("参保地",),
    purposes=("tax/late",),
)
MEDICAL = entry("medical", "医疗保险", "Medical insurance", items=("养老", "enrolment"), purposes=("health",))
INDEX = CatalogueIndex([MEDICAL, PENSION])


def found(**wanted: str) -> tuple[str, ...]:
    return tuple(hit.dataset for hit in INDEX.search(Lookup(**wanted)).hits)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"text": "医疗"}, ("medical",)),
        ({"text": "老"}, ("pension", "medical")),
        ({"text": "i e"}, ("pension", "medical")),
        ({"text": "INSUR"}, ("medical", "pension")),
        ({"text": "surance"}, ()),
        ({"text": "ＰＥＮＳＩＯＮ 养老"}, ("pension",)),
        ({"text": "险参保"}, ("pension",)),
        ({"text": "insurance 户籍"}, ()),
        ({"text": "enrolment"}, ("pension", "medical")),
        ({"item": "enrolment"}, ("medical",)),
        ({"item": "医疗"}, ()),
        ({"purpose": "tax/late"}, ("pension",)),
        ({"purpose": "tax/late/window"}, ("pension",)),
        ({"purpose": "tax"}, ("pension",)),
        ({"purpose": "tax/later"}, ()),
        ({"text": "insurance", "purpose": "health"}, ("medical",)),
        ({"department": HUMAN_RESOURCES}, ("medical", "pension")),
        ({"department": TAX}, ()),
    ],
)
def test_search_finds_what_has_all_that_is_looked_for(wanted: dict[str, str], names: tuple[str, ...]) -> None:
    assert found(**wanted) == names


def test_no_word_is_found_across_two_texts() -> None:
    assert CatalogueIndex([entry("a", "养", "老")]).search(Lookup("养老")).total == 0


def test_a_hit_says_how_many_words_are_not_in_its_titles() -> None:
    assert INDEX.search(Lookup("保险 enrolment")).hits == (
        Hit(0, "pension", HUMAN_RESOURCES),
        Hit(1, "medical", HUMAN_RESOURCES),
    )


def test_results_are_bounded_and_the_total_is_told() -> None:
    many = CatalogueIndex(entry(f"d-{number:03}", "养老") for number in range(200))
    found = many.search(Lookup("养老"), limit=10_000)
    assert (len(found.hits), found.total) == (50, 200)
    assert [hit.dataset for hit in many.search(Lookup("养老"), limit=2).hits] == ["d-000", "d-001"]


@pytest.mark.parametrize(
    "lookup",
    [
        Lookup(),
        Lookup("，。 !"),
        Lookup("养" * (MAX_TEXT + 1)),
        Lookup(item="养" * (MAX_TEXT + 1)),
        Lookup("a " * (MAX_WORDS + 1)),
        Lookup(purpose="a" * 500),
    ],
)
def test_a_search_without_bounds_or_words_is_refused(lookup: Lookup) -> None:
    with pytest.raises(NodeError) as refused:
        INDEX.search(lookup)
    assert refused.value.reason is Reason.QUERY_INVALID


def test_normal_form_parts_words_and_folds_them() -> None:
    assert normal("Pension，养老2026-Ａ") == " pension养老 2026 a"


def test_policies_are_found_by_title_field_question_and_purpose() -> None:
    index = CatalogueIndex(searched(entry_of(policy)) for policy in build().datasets.values())
    for lookup in (
        Lookup("养老保险"),
        Lookup("enrolment"),
        Lookup("is-enrolled"),
        Lookup(item="缴费月数"),
        Lookup(purpose="social-insurance/pension/deferral"),
    ):
        assert [hit.dataset for hit in index.search(lookup).hits] == ["pension-insurance"]


def test_what_many_and_what_few_entries_say_is_found_alike() -> None:
    """The index keeps the two in different forms."""
    many = CatalogueIndex(
        entry(f"d-{number:04}", "养老", *(["户籍"] if number in (7, 1999) else [])) for number in range(2000)
    )
    assert many.search(Lookup("养")).total == 2000
    assert [hit.dataset for hit in many.search(Lookup("养老 籍")).hits] == ["d-0007", "d-1999"]
    assert many.search(Lookup("籍 d")).total == 2
