"""Finds catalogue entries by words in Chinese and English, data item, purpose and department (Art. 19).

Text is brought into a normal form in which a Latin word or number has a space before it and Chinese
characters stand as they are. A word of the query then is found by looking for it as it is (Chinese:
anywhere) or with the space before it (Latin: where a word begins), so "is it there" is one substring
test. The index only narrows down where to look: every two Chinese characters that stand together and
every three Latin ones that begin a word know their entries. Shorter words are looked for everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from node.core.policy import Policy
from node.core.purpose import PURPOSE_MAX_LENGTH, purpose_covers
from node.errors import NodeError, Reason

MAX_TEXT = 100
MAX_WORDS = 6
MAX_RESULTS = 50

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN = re.compile(rf"[{_HAN}]")
_LATIN_KEY = 4  # the space and three characters
_REMEMBERED = 1 << 15
_END = "\n"  # between texts, so that no word runs from one into the next
_FORM_RUN = re.compile(rf"[{_HAN}]+| [^{_HAN} {_END}]+")


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
            raise NodeError(
                Reason.QUERY_INVALID, f"look for at most {MAX_TEXT} characters: shorten the search"
            )
        words = len(needles(self.text)) + len(needles(self.item))
        if words > MAX_WORDS:
            raise NodeError(Reason.QUERY_INVALID, f"look for at most {MAX_WORDS} words: leave some out")
        if not (words or self.purpose or self.department):
            raise NodeError(Reason.QUERY_INVALID, "say what to look for: a word, a data item or a purpose")


@dataclass(frozen=True, slots=True)
class Found:
    """Names of the datasets found, best first, at most as many as asked for; `total` are there."""

    datasets: tuple[str, ...]
    total: int


def entry_of(policy: Policy) -> Entry:
    """What is searched of a policy."""
    dataset = policy.dataset
    questions = policy.questions.values()
    return Entry(
        dataset=dataset.name,
        provider=dataset.provider,
        titles=(dataset.name, dataset.title, dataset.title_en),
        items=tuple(
            text for field in dataset.fields.values() for text in (field.name, field.title, field.title_en)
        ),
        others=tuple(text for each in questions for text in (each.name, each.title, each.title_en)),
        purposes=frozenset(purpose for rule in policy.rules for purpose in rule.purposes),
    )


def normal(text: str) -> str:
    """The normal form: compatibility forms and case folded, punctuation gone, see above.

    >>> normal("Pension，养老2026")
    ' pension养老 2026'
    """
    return "".join(needles(text))


def needles(text: str) -> tuple[str, ...]:
    """The words of a query as they are looked for in a normal form."""
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return tuple(run if _IS_HAN.match(run) else f" {run}" for run in _RUN.findall(folded))


class CatalogueIndex:
    """The entries of a catalogue, made ready once to be searched many times."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        ordered = sorted(entries, key=lambda entry: (entry.dataset, entry.provider))
        # The same texts come again and again (name, address, valid until): each is brought into form once.
        remember = lru_cache(maxsize=_REMEMBERED)
        form, keys = remember(normal), remember(_keys_of_run)
        self._names = [entry.dataset for entry in ordered]
        self._titles = [_END.join(map(form, entry.titles)) for entry in ordered]
        self._items = [_END.join(map(form, entry.items)) for entry in ordered]
        self._whole: list[str] = []
        self._words: dict[str, array[int]] = {}
        self._purposes: dict[str, array[int]] = {}
        self._departments: dict[str, array[int]] = {}
        for number, entry in enumerate(ordered):
            whole = _END.join((self._titles[number], self._items[number], *map(form, entry.others)))
            self._whole.append(whole)
            for key in set().union(*map(keys, set(_FORM_RUN.findall(whole)))):
                self._words.setdefault(key, array("I")).append(number)
            for purpose in entry.purposes:
                self._purposes.setdefault(purpose, array("I")).append(number)
            self._departments.setdefault(entry.provider, array("I")).append(number)

    def search(self, lookup: Lookup, limit: int = MAX_RESULTS) -> Found:
        """The entries with all that is looked for; first those with more of the words in their titles,
        then by name. Raises NodeError(QUERY_INVALID)."""
        lookup.check()
        anywhere, in_items = _once(needles(lookup.text)), _once(needles(lookup.item))
        hits = self._candidates((*anywhere, *in_items))
        if lookup.department:
            there = frozenset(self._departments.get(lookup.department, ()))
            hits = [number for number in hits if number in there]
        if lookup.purpose:
            serving = self._serving(lookup.purpose)
            hits = [number for number in hits if number in serving]
        for words, texts in ((anywhere, self._whole), (in_items, self._items)):
            for word in words:
                hits = [number for number in hits if word in texts[number]]
        return Found(tuple(self._names[number] for number in self._best(hits, anywhere, limit)), len(hits))

    def _candidates(self, words: Sequence[str]) -> Sequence[int]:
        """A superset of the entries with all words: those of the rarest key."""
        rarest: Sequence[int] = range(len(self._names))
        for word in words:
            for key in _keys_of_run(word):
                known = self._words.get(key, ())
                if len(known) < len(rarest):
                    rarest = known
        return rarest

    def _serving(self, wanted: str) -> frozenset[int]:
        """The entries with a rule for the purpose, one above or one below it."""
        fitting = (
            numbers
            for purpose, numbers in self._purposes.items()
            if purpose_covers(purpose, wanted) or purpose_covers(wanted, purpose)
        )
        return frozenset().union(*fitting)

    def _best(self, hits: Sequence[int], words: Sequence[str], limit: int) -> list[int]:
        """The first `limit` hits with the most words in their titles; hits are in order of their names."""
        limit = min(limit, MAX_RESULTS)
        titles = self._titles
        told = [[word in titles[number] for number in hits] for word in words]
        counts = list(map(sum, zip(*told, strict=True))) if words else [0] * len(hits)
        best: list[int] = []
        for count in range(len(words), -1, -1):
            if len(best) >= limit:
                break
            best += (number for number, has in zip(hits, counts, strict=True) if has == count)
        return best[:limit]


class KeptIndex:
    """The index over the policies in force, made anew when others come into force."""

    def __init__(self) -> None:
        self._of: Mapping[str, Policy] | None = None
        self._index = CatalogueIndex(())

    def over(self, datasets: Mapping[str, Policy]) -> CatalogueIndex:
        """The index over these, the last one when they are the same object."""
        if self._of is not datasets:
            self._index = CatalogueIndex(entry_of(policy) for policy in datasets.values())
            self._of = datasets
        return self._index


def _keys_of_run(run: str) -> frozenset[str]:
    """What a run of a normal form, or a word of a query, is filed under; nothing if it is too short."""
    if run.startswith(" "):
        return frozenset((run[:_LATIN_KEY],)) if len(run) >= _LATIN_KEY else frozenset()
    return frozenset(map("".join, pairwise(run)))


def _once(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
