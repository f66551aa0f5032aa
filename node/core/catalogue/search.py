"""Finds catalogue entries by words in Chinese and English, data item, purpose and department (Art. 19).

Text is brought into a normal form: runs of Chinese characters stand as they are, a Latin word or number
has a space before it. A word of the query is found where it stands in a run (Chinese: anywhere; Latin:
at its beginning), so "is it there" is one substring test.

A catalogue says the same things many times over (name, address, valid until). So the runs are kept
once each, with the entries that have them: a word is looked for among the runs, and what those runs
belong to is put together. Sets of entries are integers with one bit an entry, which Python joins and
intersects a machine word at a time.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice

from node.core.purpose import PURPOSE_MAX_LENGTH, purpose_line
from node.errors import NodeError, Reason
from node.v1 import catalogue_pb2 as pb

MAX_TEXT = 100
MAX_WORDS = 6
MAX_RESULTS = 50

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN = re.compile(rf"[{_HAN}]")
# What compatibility forms and case folding leave alone but for capital letters.
_PLAIN = re.compile(r"[\x00-\x7f\u3001-\u3003\u3400-\u4dbf\u4e00-\u9fff]*")
_FORM_RUN = re.compile(rf"[{_HAN}]+| [^{_HAN} ]+")
_REMEMBERED = 1 << 16
_ONE = ord("1")
_NONE = array("I")
_MANY = 128  # of so many entries one, and their numbers are kept as bits


@dataclass(frozen=True, slots=True)
class Entry:
    """What is searched of one dataset; all texts as people wrote them.

    `titles` are its name and titles, `items` names and titles of its data items, `others` all else
    that may be found: names and titles of its questions. `purposes` are those of its rules.
    """

    dataset: str
    provider: str
    titles: tuple[str, ...]
    items: tuple[str, ...]
    others: tuple[str, ...]
    purposes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What is looked for; parts left empty ask for nothing.

    Every word of `text` is in the entry, every word of `item` in its data items; a rule serves
    `purpose`, a purpose above or one below it; `department` is the credit code of the provider.
    """

    text: str = ""
    item: str = ""
    purpose: str = ""
    department: str = ""

    def check(self) -> None:
        """Raises NodeError(QUERY_INVALID) for nothing to look for, and for what is too long."""
        if max(map(len, (self.text, self.item))) > MAX_TEXT or len(self.purpose) > PURPOSE_MAX_LENGTH:
            raise NodeError(Reason.QUERY_INVALID, "error.catalogue.search-too-long", max_text=MAX_TEXT)
        words = len(needles(self.text)) + len(needles(self.item))
        if words > MAX_WORDS:
            raise NodeError(
                Reason.QUERY_INVALID, "error.catalogue.search-too-many-words", max_words=MAX_WORDS
            )
        if not (words or self.purpose or self.department):
            raise NodeError(Reason.QUERY_INVALID, "error.catalogue.search-empty")


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A dataset found; the better hit is the smaller one. `untitled` words are not in its titles."""

    untitled: int
    dataset: str
    provider: str


@dataclass(frozen=True, slots=True)
class Found:
    """The hits, best first, at most as many as asked for; `total` are there."""

    hits: tuple[Hit, ...]
    total: int


def searched(entry: pb.Dataset) -> Entry:
    """What is searched of a catalogue entry."""
    summary = entry.summary
    return Entry(
        dataset=summary.dataset,
        provider=summary.provider,
        titles=(summary.dataset, summary.title, summary.title_en),
        items=tuple(text for field in entry.fields for text in (field.name, field.title, field.title_en)),
        others=tuple(text for each in entry.questions for text in (each.name, each.title, each.title_en)),
        purposes=frozenset(purpose for rule in entry.rules for purpose in rule.purposes),
    )


def normal(text: str) -> str:
    """The normal form: compatibility forms and case folded, punctuation gone, see above.

    >>> normal("Pension，养老2026")
    ' pension养老 2026'
    """
    return "".join(needles(text))


def needles(text: str) -> tuple[str, ...]:
    """The words of a query as they are looked for in a normal form."""
    if _PLAIN.fullmatch(text):
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return tuple(run if _IS_HAN.match(run) else f" {run}" for run in _RUN.findall(folded))


class CatalogueIndex:
    """The entries of a catalogue, made ready once to be searched many times."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """`entries` come by dataset, and those of one name by provider."""
        self._names: list[tuple[str, str]] = []
        titles, items, others = _Holders(), _Holders(), _Holders()
        purposes, departments = _Holders(), _Holders()
        runs = lru_cache(maxsize=_REMEMBERED)(_runs)
        for number, entry in enumerate(entries):
            self._names.append((entry.dataset, entry.provider))
            titles.add(number, set(chain.from_iterable(map(runs, entry.titles))))
            items.add(number, set(chain.from_iterable(map(runs, entry.items))))
            others.add(number, set(chain.from_iterable(map(runs, entry.others))))
            purposes.add(number, entry.purposes)
            departments.add(number, (entry.provider,))
        size = len(self._names)
        self._titles, self._items, self._others = (_Column(each, size) for each in (titles, items, others))
        self._purposes, self._departments = purposes.of, departments.of

    def search(self, lookup: Lookup, limit: int = MAX_RESULTS) -> Found:
        """The entries with all that is looked for. Raises NodeError(QUERY_INVALID)."""
        lookup.check()
        size = len(self._names)
        hits = (1 << size) - 1
        if lookup.department:
            hits &= _bits(self._departments.get(lookup.department, ()), size)
        if lookup.purpose:
            hits &= self._serving(lookup.purpose)
        in_titles = []
        for word in dict.fromkeys(needles(lookup.text)):
            titled = self._titles.holding(word)
            in_titles.append(titled)
            hits &= titled | self._items.holding(word) | self._others.holding(word)
        for word in dict.fromkeys(needles(lookup.item)):
            hits &= self._items.holding(word)
        best = islice(_best_first(hits, in_titles), min(limit, MAX_RESULTS))
        return Found(
            tuple(Hit(untitled, *self._names[number]) for untitled, number in best), hits.bit_count()
        )

    def _serving(self, wanted: str) -> int:
        """The entries with a rule for the purpose, one above or one below it."""
        above = purpose_line(wanted)
        below = f"{wanted}/"
        fitting = (
            numbers
            for purpose, numbers in self._purposes.items()
            if purpose in above or (above and purpose.startswith(below))
        )
        return _bits(chain.from_iterable(fitting), len(self._names))


class _Holders:
    """For each of many things, the numbers of those that have it, growing."""

    def __init__(self) -> None:
        self.of: dict[str, array[int]] = {}

    def add(self, number: int, things: Iterable[str]) -> None:
        """What a number has, each thing once; numbers come in order."""
        of = self.of
        for thing in things:
            known = of.get(thing)
            if known is None:
                of[thing] = array("I", (number,))
            else:
                known.append(number)


class _Column:
    """The runs of one part of all entries, and the entries that have them."""

    def __init__(self, entries: _Holders, size: int) -> None:
        """`entries` has the numbers, below `size`, of the entries with each run."""
        self._size = size
        self._runs = list(entries.of)
        # Many numbers take less room as bits, and less time to join.
        self._many = {
            run: _bits(numbers, size) for run, numbers in entries.of.items() if len(numbers) * _MANY > size
        }
        self._owners = [_NONE if run in self._many else numbers for run, numbers in entries.of.items()]
        # The runs that a character stands in; of Latin ones, those that begin with a letter or digit.
        having = _Holders()
        for number, run in enumerate(self._runs):
            having.add(number, (run[1],) if run.startswith(" ") else set(run))
        self._having = having.of

    def holding(self, word: str) -> int:
        """The entries with a run that holds the word, as bits."""
        if word.startswith(" "):
            candidates: Sequence[int] = self._having.get(word[1], ())
        else:
            candidates = min((self._having.get(char, ()) for char in word), key=len)
        runs, owners = self._runs, self._owners
        fitting = [owners[number] for number in candidates if word in runs[number]]
        held = _bits(chain.from_iterable(fitting), self._size)
        for run, bits in self._many.items():
            if word in run:
                held |= bits
        return held


def _runs(text: str) -> tuple[str, ...]:
    return tuple(_FORM_RUN.findall(normal(text)))


def _bits(numbers: Iterable[int], size: int) -> int:
    """An integer with these bits set, all below `size`."""
    # Setting them in the integer itself would copy it each time.
    digits = bytearray(b"0") * size
    for number in numbers:
        digits[number] = _ONE
    digits.reverse()  # the first number is the last digit
    return int(digits, 2) if size else 0


def _best_first(hits: int, in_titles: Sequence[int]) -> Iterator[tuple[int, int]]:
    """In how many of these sets each hit is not, and its number: those in most of them first."""
    # at_least[n] has the hits that are in n or more of the sets looked at so far.
    at_least = [hits] + [0] * len(in_titles)
    for titled in in_titles:
        for count in range(len(in_titles), 0, -1):
            at_least[count] |= at_least[count - 1] & titled
    told = 0
    for untitled, group in enumerate(reversed(at_least)):
        left = group & ~told
        while left:
            lowest = left & -left
            yield untitled, lowest.bit_length() - 1
            left ^= lowest
        told = group
