"""What can be found at a node: its own entries, and those that it imported from other departments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from operator import itemgetter

from node.core.catalogue.publication import published_entry
from node.core.catalogue.search import MAX_RESULTS, CatalogueIndex, Hit, Lookup, searched
from node.core.policy.policy import Policies
from node.v1 import catalogue_pb2 as pb


class Registry:
    """Entries that stand together, ready to be searched; made once, never changed."""

    def __init__(self, entries: Iterable[bytes]) -> None:
        """Serialised entries, of each dataset and provider one, by dataset and then provider."""
        # As they came: read again, they take several times the room.
        self._entries: dict[tuple[str, str], bytes] = {}

        def kept() -> Iterable[pb.Dataset]:
            for content in entries:
                entry = pb.Dataset.FromString(content)
                self._entries[entry.summary.dataset, entry.summary.provider] = content
                yield entry

        self.index = CatalogueIndex(map(searched, kept()))

    def __len__(self) -> int:
        return len(self._entries)

    def size(self, hit: Hit) -> int:
        """How many bytes the entry of a hit takes."""
        return len(self._entries[hit.dataset, hit.provider])

    def of(self, hit: Hit) -> pb.Dataset:
        """The entry that a search of this shelf hit."""
        return pb.Dataset.FromString(self._entries[hit.dataset, hit.provider])

    def entry(self, dataset: str, provider: str) -> pb.Dataset | None:
        """One entry."""
        content = self._entries.get((dataset, provider))
        return None if content is None else pb.Dataset.FromString(content)


EMPTY = Registry(())


def own_shelf(policies: Policies) -> Registry:
    """What the policies of a node publish."""
    return Registry(
        published_entry(policies, policy).SerializeToString()
        for _name, policy in sorted(policies.datasets.items())
    )


def imported_shelf(own: str, catalogues: Iterable[pb.ImportedCatalogue]) -> Registry:
    """What other departments publish; `own` is the credit code of the node, whose entries are not taken.

    Where several catalogues have an entry, that of the provider itself counts, then the newest.
    """
    best: dict[tuple[str, str], tuple[bool, int, str, bytes]] = {}
    for catalogue in catalogues:
        for content in catalogue.entries:
            summary = pb.Dataset.FromString(content).summary
            if summary.provider == own:
                continue
            itself = summary.provider == catalogue.publisher
            mine = (itself, catalogue.imported_ms, catalogue.publisher, content)
            key = (summary.dataset, summary.provider)
            best[key] = max(best.get(key, mine), mine)
    chosen = (best[key] for key in sorted(best))
    return Registry(_marked(publisher, ms, content) for _itself, ms, publisher, content in chosen)


def _marked(publisher: str, imported_ms: int, content: bytes) -> bytes:
    """The entry with where it comes from: of serialised messages put together, the later parts are added."""
    mark = pb.Dataset(summary=pb.DatasetSummary(imported_from=publisher, imported_ms=imported_ms))
    return content + mark.SerializeToString()


@dataclass(frozen=True, slots=True)
class Shown:
    """The entries that a search found, best first; `total` are there."""

    entries: tuple[pb.Dataset, ...]
    total: int


MAX_SHOWN_BYTES = 2 * 1024 * 1024
"""What a search shows at most, but for one entry: it has to fit into a message, whatever was imported."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The own entries and the imported ones."""

    own: Registry = EMPTY
    imported: Registry = EMPTY

    def search(self, lookup: Lookup, limit: int = MAX_RESULTS) -> Shown:
        """The entries with all that is looked for. Raises NodeError(QUERY_INVALID)."""
        shelves = (self.own, self.imported)
        found = [shelf.index.search(lookup, limit) for shelf in shelves]
        told = [[(hit, shelf) for hit in each.hits] for shelf, each in zip(shelves, found, strict=True)]
        best = islice(merge(*told, key=itemgetter(0)), min(limit, MAX_RESULTS))
        shown: list[pb.Dataset] = []
        room = MAX_SHOWN_BYTES
        for hit, shelf in best:
            room -= shelf.size(hit)
            if room < 0 and shown:
                break
            shown.append(shelf.of(hit))
        return Shown(tuple(shown), sum(each.total for each in found))
