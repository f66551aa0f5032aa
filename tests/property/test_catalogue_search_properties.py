"""Search over the catalogue finds what looking through every entry finds."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from node.core.catalogue.search import MAX_WORDS, CatalogueIndex, Entry, Lookup, needles, normal

TEXTS = st.text(st.sampled_from("养老保险ａAbBc1 -_，ßİ㐀\U00020000"), max_size=8)
ENTRIES = st.lists(
    st.builds(
        Entry,
        dataset=st.uuids().map(str),
        provider=st.just("p"),
        titles=st.tuples(TEXTS, TEXTS),
        items=st.tuples(TEXTS),
        others=st.tuples(TEXTS),
        purposes=st.just(frozenset[str]()),
    ),
    max_size=12,
    unique_by=lambda entry: entry.dataset,
)


def by_name(entry: Entry) -> str:
    return entry.dataset


def has(texts: tuple[str, ...], word: str) -> bool:
    return any(word in normal(text) for text in texts)


@given(ENTRIES, TEXTS, TEXTS)
def test_search_finds_what_brute_force_finds(entries: list[Entry], text: str, item: str) -> None:
    assume(0 < len(needles(text)) + len(needles(item)) <= MAX_WORDS)
    expected = {
        entry.dataset
        for entry in entries
        if all(has((*entry.titles, *entry.items, *entry.others), word) for word in needles(text))
        and all(has(entry.items, word) for word in needles(item))
    }
    found = CatalogueIndex(sorted(entries, key=by_name)).search(Lookup(text, item))
    assert {hit.dataset for hit in found.hits} == expected
    assert found.total == len(expected)
    words = set(needles(text))
    assert list(found.hits) == sorted(found.hits)
    titled = {entry.dataset: sum(has(entry.titles, word) for word in words) for entry in entries}
    assert all(hit.untitled == len(words) - titled[hit.dataset] for hit in found.hits)


@given(ENTRIES.filter(bool))
def test_every_entry_is_found_by_its_own_title(entries: list[Entry]) -> None:
    index = CatalogueIndex(sorted(entries, key=by_name))
    for entry in entries:
        if 0 < len(needles(entry.titles[0])) <= MAX_WORDS:
            found = index.search(Lookup(entry.titles[0]))
            assert entry.dataset in {hit.dataset for hit in found.hits}
