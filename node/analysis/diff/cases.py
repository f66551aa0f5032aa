"""Forms of case numbers as languages: which of several forms a case number can have at once, decided exactly.

A form is a sequence of signs (`node.core.policy.rule`): `#` a digit, `@` a capital, at most one `*` for one
or more letters, digits and hyphens, anything else itself. All forms are walked side by side, as the usual
product of automata, over one sign of each class that no form can tell apart.
"""

from __future__ import annotations

import string
from collections import deque
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

MAX_STATES = 100_000
_RUN = frozenset(string.ascii_letters + string.digits + "-")
# None of these can stand in a form: one of them is in every class of "any other sign".
_FOREIGN = "_"


class TooManyFormsError(Exception):
    """The forms differ in more ways than can be walked."""


def case_number_classes(forms: Sequence[str]) -> Mapping[frozenset[int], str]:
    """Every set of forms (as positions in `forms`) that some case number has, exactly, and the shortest such.

    The empty set is among them: no form takes every case number. Raises TooManyFormsError.

    >>> dict(case_number_classes(["A-#", "@-*"]))
    {frozenset(): '', frozenset({0, 1}): 'A-1', frozenset({1}): 'A-A'}
    """
    classes = _classes(tuple(forms), MAX_STATES)
    if classes is None:
        raise TooManyFormsError
    return classes


@lru_cache(maxsize=512)
def _classes(forms: tuple[str, ...], limit: int) -> Mapping[frozenset[int], str] | None:
    """The same, None if there are too many."""
    alphabet = _alphabet(forms)
    start = tuple(frozenset({0}) for _ in forms)
    found: dict[frozenset[int], str] = {}
    seen = {start}
    queue = deque([(start, "")])
    while queue:
        state, word = queue.popleft()
        ended = frozenset(index for index, places in enumerate(state) if len(forms[index]) in places)
        found.setdefault(ended, word)
        for sign in alphabet:
            after = tuple(_step(form, places, sign) for form, places in zip(forms, state, strict=True))
            if after in seen:
                continue
            if len(seen) >= limit:
                return None
            seen.add(after)
            queue.append((after, word + sign))
    return MappingProxyType(found)


def _alphabet(forms: Sequence[str]) -> list[str]:
    """One sign of each class: each literal by itself, and one each of what is left of the classes."""
    literals = {sign for form in forms for sign in form if sign not in "#@*"}
    signs = set(literals)
    for group in ("1234567890", string.ascii_uppercase, string.ascii_lowercase, "-", _FOREIGN):
        left = [sign for sign in group if sign not in literals]
        signs.update(left[:1])
    return sorted(signs, key=lambda sign: (not sign.isalnum(), sign == "_", sign))


def _step(form: str, places: frozenset[int], sign: str) -> frozenset[int]:
    """The places in a form after one more sign; a `*` is also stayed at, after its first sign."""
    after = set()
    for place in places:
        if place < len(form) and _fits(form[place], sign):
            after.add(place + 1)
        if place and form[place - 1] == "*" and sign in _RUN:
            after.add(place)
    return frozenset(after)


def _fits(part: str, sign: str) -> bool:
    if part == "#":
        return sign in string.digits
    if part == "@":
        return sign in string.ascii_uppercase
    return sign in _RUN if part == "*" else sign == part
