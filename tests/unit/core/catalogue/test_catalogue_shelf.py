"""Imported entries are found beside the own ones, and never in their place."""

from __future__ import annotations

from support.policy_samples import HUMAN_RESOURCES, MEDICAL, TAX, build

from node.core.catalogue.registry import MAX_SHOWN_BYTES, Catalogue, imported_shelf, own_shelf
from node.core.catalogue.search import Lookup
from node.v1 import catalogue_pb2 as pb

AUTHORITY = "1144190000000006X2"


def entry(dataset: str, provider: str, title: str = "养老保险") -> bytes:
    summary = pb.DatasetSummary(dataset=dataset, provider=provider, title=title)
    return pb.Dataset(summary=summary, level=2).SerializeToString()


def catalogue(publisher: str, *entries: bytes, at: int = 1) -> pb.ImportedCatalogue:
    return pb.ImportedCatalogue(publisher=publisher, imported_ms=at, entries=entries)


def titles(*catalogues: pb.ImportedCatalogue) -> list[str]:
    shelf = imported_shelf(TAX, catalogues)
    return [each.summary.title for each in Catalogue(imported=shelf).search(Lookup("d")).entries]


def test_own_and_imported_entries_are_found_together_the_best_first() -> None:
    imported = imported_shelf(
        HUMAN_RESOURCES,
        [catalogue(AUTHORITY, entry("a", MEDICAL, "其他"), entry("z", MEDICAL), entry("b", TAX))],
    )
    shown = Catalogue(own_shelf(build()), imported).search(Lookup("养老保险"))
    names = [(each.summary.dataset, each.summary.provider) for each in shown.entries]
    assert names == [("b", TAX), ("pension-insurance", HUMAN_RESOURCES), ("z", MEDICAL)]
    assert shown.total == 3


def test_no_more_are_shown_than_asked_for_and_all_are_counted() -> None:
    imported = imported_shelf("", [catalogue(AUTHORITY, entry("b", TAX), entry("q", MEDICAL))])
    shown = Catalogue(own_shelf(build()), imported).search(Lookup("养老保险"), 2)
    assert ([each.summary.dataset for each in shown.entries], shown.total) == (["b", "pension-insurance"], 3)


def test_an_imported_entry_says_where_it_comes_from_and_is_otherwise_as_it_was() -> None:
    was = entry("a", MEDICAL)
    (found,) = (
        Catalogue(imported=imported_shelf(TAX, [catalogue(AUTHORITY, was, at=7)]))
        .search(Lookup("养老"))
        .entries
    )
    assert (found.summary.imported_from, found.summary.imported_ms) == (AUTHORITY, 7)
    found.summary.ClearField("imported_from")
    found.summary.ClearField("imported_ms")
    assert found == pb.Dataset.FromString(was)


def test_nobody_can_bring_in_an_entry_of_the_own_department() -> None:
    assert not len(imported_shelf(TAX, [catalogue(AUTHORITY, entry("d", TAX))]))


def test_of_two_catalogues_the_providers_own_counts_then_the_newer() -> None:
    own = catalogue(MEDICAL, entry("d", MEDICAL, "自己的"), at=1)
    old = catalogue(AUTHORITY, entry("d", MEDICAL, "旧的"), at=2)
    new = catalogue(HUMAN_RESOURCES, entry("d", MEDICAL, "新的"), at=3)
    assert titles(old, new) == titles(new, old) == ["新的"]
    assert titles(old, own, new) == titles(own, new, old) == ["自己的"]


def test_large_entries_that_were_imported_do_not_make_an_answer_that_no_message_holds() -> None:
    large = [entry(f"d-{number}", MEDICAL, "养老" + "保" * 300_000) for number in range(9)]
    shown = Catalogue(own_shelf(build()), imported_shelf(TAX, [catalogue(AUTHORITY, *large)])).search(
        Lookup("养老")
    )
    assert shown.total == 10
    assert 0 < sum(each.ByteSize() for each in shown.entries) <= MAX_SHOWN_BYTES
    assert len(shown.entries) >= 2
