"""The rows of an input, whatever file they come from, as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from node.cli.batch.encoding import TextForm

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Rows:
    """The columns of an input, how many rows it has, and in which encoding its answers are written.

    `read` gives the rows behind the first so many, each with a text for every column.
    """

    names: tuple[str, ...]
    count: int
    form: TextForm
    read: Callable[[int], Iterator[Sequence[str]]]

    def column(self, name: str) -> Iterator[str]:
        """One column from its first row."""
        place = self.names.index(name)
        return (row[place] for row in self.read(0))

    def first(self, most: int) -> Sequence[Sequence[str]]:
        """The first rows, at most so many."""
        return list(islice(self.read(0), most))

    def blocks(self, skip: int, most: int) -> Iterator[pd.DataFrame]:
        """All rows but the first `skip`, in blocks that end at multiples of `most` rows."""
        import pandas as pd

        rows = self.read(skip)
        wanted = most - skip % most
        while block := list(islice(rows, wanted)):
            yield pd.DataFrame(block, columns=list(self.names), dtype=str)
            wanted = most
