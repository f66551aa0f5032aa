"""Make identity numbers and credit codes that are valid in form and belong to nobody.

The area 441999 was never assigned in GB/T 2260, so no resident and no organisation holds a number made here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SYNTHETIC_AREA = "441999"
# Order codes 002..999 of one day, half of them for each sex (GB 11643). Numbers with the code 000 often end
# in zeros, as those do that a spreadsheet has rounded, and a small register of them would be put aside.
PER_BIRTH_DATE = 499

_RESIDENT_CHECKS = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

Ints = npt.NDArray[np.int64]


def resident_ids(birth_dates: npt.NDArray[np.datetime64], male: npt.NDArray[np.bool_]) -> list[str]:
    """Number residents of `birth_dates` (days) as GB 11643 does: area, birth date, order code, check digit.

    Raises ValueError when more than `PER_BIRTH_DATE` of them share a birthday.
    """
    days = birth_dates.astype("datetime64[D]")
    rank = _rank_within(days.astype(np.int64))
    if rank.size and int(rank.max()) >= PER_BIRTH_DATE:
        raise ValueError("too many residents for one birth date: ask for fewer residents")
    return numbered(days, (rank + 1) * 2 + male)


def numbered(days: npt.NDArray[np.datetime64], orders: Ints) -> list[str]:
    """The identity numbers for birth dates (whole days) and order codes (0..999, odd for men)."""
    months = days.astype("datetime64[M]")
    year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    day = (days - months).astype(np.int64) + 1
    date = year * 10_000 + month * 100 + day
    body = (int(SYNTHETIC_AREA) * 10**8 + date) * 1000 + orders
    check = (_digits(body, 17) * _powers(2, 11, 17)).sum(axis=1) % 11
    return [f"{number}{_RESIDENT_CHECKS[c]}" for number, c in zip(body.tolist(), check.tolist(), strict=True)]


def old_resident_id(resident_id: str) -> str:
    """Spell an 18-digit number of someone born in the 1900s as the 15-digit one used until 1999."""
    if resident_id[6:8] != "19":
        raise ValueError("only someone born before 2000 ever had a 15-digit number")
    return resident_id[:6] + resident_id[8:17]


def credit_codes(serials: Sequence[int]) -> list[str]:
    """Give companies numbered 0..99,999,999 credit codes: GB 32100 around a code of GB 11714."""
    serial = np.asarray(serials, dtype=np.int64)
    weights = np.array([3, 7, 9, 10, 5, 8, 4, 2])
    digits = _digits(serial, 8)
    organisation = 11 - (digits * weights).sum(axis=1) % 11
    codes = []
    for number, check in zip(serial.tolist(), organisation.tolist(), strict=True):
        body = f"91{SYNTHETIC_AREA}{number:08d}{'X' if check == 10 else check % 11}"
        codes.append(body + _credit_check(body))
    return codes


def _credit_check(body: str) -> str:
    total = sum(_CREDIT_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return _CREDIT_ALPHABET[-total % 31]


def _powers(base: int, modulus: int, places: int) -> Ints:
    """Weights of `places` digits that stand before the check digit: base^places … base^1."""
    return np.array([pow(base, p, modulus) for p in range(places, 0, -1)], dtype=np.int64)


def _digits(numbers: Ints, places: int) -> Ints:
    """Decimal digits, most significant first: one row a number."""
    tens: Ints = 10 ** np.arange(places - 1, -1, -1, dtype=np.int64)
    return np.asarray(numbers[:, None] // tens % 10, dtype=np.int64)


def _rank_within(keys: Ints) -> Ints:
    """Rank of each element among those with the same key, in order of appearance."""
    by_key = np.argsort(keys, kind="stable")
    ordered = keys[by_key]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, keys.size])
    ranks = np.empty(keys.size, dtype=np.int64)
    ranks[by_key] = np.arange(keys.size) - np.repeat(starts, lengths)
    return ranks
