"""Make up the residents and companies of a city; everything follows from the seed, and nobody is real.

`node.demo.numbers` says why no number made here can be anybody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from node.demo.numbers import credit_codes, resident_ids
from node.demo.size import FEWEST, MOST

AS_OF = date(2026, 10, 31)

TOWNS = {
    "441900003": "东城街道",
    "441900004": "南城街道",
    "441900005": "万江街道",
    "441900006": "莞城街道",
    "441900101": "石碣镇",
    "441900102": "石龙镇",
    "441900103": "茶山镇",
    "441900104": "石排镇",
}
_TOWN_SHARES = (0.24, 0.19, 0.12, 0.10, 0.11, 0.07, 0.08, 0.09)
_AGE_BANDS = ((0, 18, 0.18), (18, 35, 0.32), (35, 60, 0.36), (60, 80, 0.12), (80, 96, 0.02))

_SURNAMES = "陈李张黄何林叶梁刘王卢袁谢罗钟邓吴莫郭周朱苏赖胡杨"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华志建国文俊嘉怡欣雨梓轩思颖浩宇晓燕玉珍锦荣永"
_BRANDS = "莞岭南粤华昌盛丰源泰兴隆恒信达瑞宏"
_TRADES = {
    "C": "五金制品",
    "E": "建筑工程",
    "F": "百货贸易",
    "G": "物流运输",
    "H": "餐饮服务",
    "I": "软件科技",
}

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Resident:
    """Someone who does not exist."""

    resident_id: str
    name: str
    born: date
    age: int  # years on `AS_OF`
    region: str


@dataclass(frozen=True, slots=True)
class Company:
    """A company that does not exist; `industry` is a section of GB/T 4754."""

    credit_code: str
    name: str
    owner: Resident
    industry: str
    region: str


def make_residents(count: int, random: np.random.Generator) -> list[Resident]:
    """Make `count` residents, `FEWEST` to `MOST`, of all ages, in the eight towns.

    Raises ValueError when `count` is out of bounds.
    """
    if not FEWEST <= count <= MOST:
        raise ValueError(f"{count} residents: ask for {FEWEST} to {MOST}")
    lows, highs, shares = zip(*_AGE_BANDS, strict=True)
    band = random.choice(len(_AGE_BANDS), size=count, p=shares)
    days_low = np.array(lows)[band] * 365.25
    days_high = np.array(highs)[band] * 365.25
    age_days = (days_low + (days_high - days_low) * random.random(count)).astype(np.int64)
    born = np.datetime64(AS_OF, "D") - age_days
    ids = resident_ids(born, random.random(count) < 0.51)
    regions = random.choice(list(TOWNS), size=count, p=_TOWN_SHARES).tolist()
    names = _names(count, random)
    ages = (age_days / 365.25).astype(np.int64).tolist()
    people = zip(ids, names, born.tolist(), ages, regions, strict=True)
    return [Resident(*person) for person in people]


def make_companies(count: int, owners: list[Resident], random: np.random.Generator) -> list[Company]:
    """Make `count` companies, each owned by one of the adults among `owners`."""
    adults = [resident for resident in owners if 20 <= resident.age < 75]
    chosen = random.integers(0, len(adults), count).tolist()
    brands = random.integers(0, len(_BRANDS), (count, 2)).tolist()
    industries = random.choice(list(_TRADES), size=count).tolist()
    codes = credit_codes(range(1, count + 1))
    return [
        Company(
            credit_code=codes[i],
            name=f"东莞市{_BRANDS[a]}{_BRANDS[b]}{_TRADES[industries[i]]}有限公司",
            owner=adults[chosen[i]],
            industry=industries[i],
            region=adults[chosen[i]].region,
        )
        for i, (a, b) in enumerate(brands)
    ]


def day_before(random: np.random.Generator, years: float) -> date:
    """Pick a day of the last `years` years before `AS_OF`."""
    return AS_OF - timedelta(days=int(random.random() * years * 365.25))


def _names(count: int, random: np.random.Generator) -> list[str]:
    surname = random.integers(0, len(_SURNAMES), count).tolist()
    given = random.integers(0, len(_GIVEN), (count, 2)).tolist()
    long = (random.random(count) < 0.8).tolist()
    return [
        _SURNAMES[s] + _GIVEN[a] + (_GIVEN[b] if two else "")
        for s, (a, b), two in zip(surname, given, long, strict=True)
    ]
