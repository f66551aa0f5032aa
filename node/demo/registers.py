"""What five departments hold about the made-up residents, as CSV files that fit the example policies.

Registers overlap but do not agree on who is in them, and a few per mille of the rows are dirty in the ways of
real registers, so that the load report has something to say.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from node.core.identity import SubjectType, normalise_subject
from node.demo.numbers import old_resident_id
from node.demo.residents import AS_OF, TOWNS, Company, Resident, day_before, make_companies, make_residents
from node.demo.size import RESIDENTS
from node.errors import NodeError

SEED = 809

_SCHOOLS = ("示例理工大学", "示例师范大学", "示例医科大学", "示例财经学院", "示例职业技术学院")
_DEGREES = {"college": ("5", 21), "bachelor": ("4", 22), "master": ("3", 25), "doctor": ("2", 28)}
_FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")

Row = list[str]


@dataclass(frozen=True, slots=True)
class Register:
    """One department's dataset: the rows of one CSV file; the first column is the subject."""

    columns: tuple[str, ...]
    rows: list[Row]

    def write(self, path: Path) -> None:
        """Write it as CSV, UTF-8, with a header."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.columns)
            writer.writerows(self.rows)

    def readable(self, kind: SubjectType) -> Mapping[str, Mapping[str, str]]:
        """What can be read in spite of the dirt: the fields of each subject whose identifier is valid."""
        found: dict[str, Mapping[str, str]] = {}
        for row in self.rows:
            try:
                subject = normalise_subject(row[0], kind)
            except NodeError:
                continue
            found.setdefault(subject, dict(zip(self.columns, row, strict=True)))
        return found


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays in the scenes: found among the residents by what the registers say about them."""

    deferrable: Resident  # 120 to 179 months of pension insurance, near pension age, medical insurance active
    settled: Resident  # the same with 180 months or more
    graduate: Resident
    certificate_number: str  # of the graduate
    company: Company  # active


@dataclass(frozen=True, slots=True)
class Registers:
    """All registers by dataset, the cast, and the identifiers that must never be seen elsewhere."""

    datasets: Mapping[str, Register]
    cast: Cast
    residents: Sequence[Resident]
    identifiers: frozenset[str]

    def write_batch(self, path: Path, count: int) -> int:
        """Write a caller's list of at most `count` residents, `resident_id` and `town`; return how many."""
        step = max(1, len(self.residents) // count)
        rows = [[r.resident_id, TOWNS[r.region]] for r in self.residents[::step][:count]]
        Register(("resident_id", "town"), rows).write(path)
        return len(rows)


def make_registers(residents: int = RESIDENTS, seed: int = SEED) -> Registers:
    """Make all registers of a city with so many residents; the same arguments give the same bytes.

    Raises ValueError when `residents` is out of bounds.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    people = make_residents(residents, random)
    companies = make_companies(residents // 20, people, random)
    clean = {
        "pension-insurance": _pension(people, random),
        "medical-insurance": _medical(people, random),
        "diploma": _diploma(people, random),
        "business-licence": _licence(companies, random),
        "tax-payment": _tax(people, random),
    }
    cast = _find_cast(people, companies, clean)
    spared = {
        cast.deferrable.resident_id,
        cast.settled.resident_id,
        cast.graduate.resident_id,
        cast.company.credit_code,
    }
    return Registers(
        datasets={name: _with_dirt(register, spared, random) for name, register in clean.items()},
        cast=cast,
        residents=people,
        identifiers=frozenset(
            [person.resident_id for person in people] + [company.credit_code for company in companies]
        ),
    )


def _pension(people: Sequence[Resident], random: np.random.Generator) -> Register:
    rows = []
    draws = random.random((len(people), 3)).tolist()
    for person, (enrolled, share, status) in zip(people, draws, strict=True):
        if person.age < 18 or enrolled > 0.78:
            continue
        working_months = (min(person.age, 62) - 18) * 12
        months = min(720, int(working_months * (0.15 + 0.8 * share)))
        ended = person.age >= 63 or status > 0.97
        state = "ended" if ended else "paused" if status > 0.86 else "active"
        rows.append([person.resident_id, person.name, state, str(months), person.region])
    return Register(("resident_id", "name", "status", "months_paid", "region"), rows)


def _medical(people: Sequence[Resident], random: np.random.Generator) -> Register:
    rows = []
    draws = random.random((len(people), 4)).tolist()
    for person, (enrolled, share, status, work) in zip(people, draws, strict=True):
        if enrolled > 0.93:
            continue
        employee = person.age >= 20 and work < 0.6
        months = min(600, int(max(0, person.age - 18) * 12 * (0.2 + 0.75 * share)))
        state = "active" if status < 0.92 else "paused" if status < 0.98 else "ended"
        kind = "employee" if employee else "resident"
        rows.append([person.resident_id, person.name, state, str(months), kind, person.region])
    return Register(("resident_id", "name", "status", "months_paid", "type", "region"), rows)


def _diploma(people: Sequence[Resident], random: np.random.Generator) -> Register:
    rows: list[Row] = []
    degrees = random.choice(list(_DEGREES), size=len(people), p=(0.42, 0.45, 0.11, 0.02)).tolist()
    draws = random.random((len(people), 2)).tolist()
    schools = random.integers(0, len(_SCHOOLS), len(people)).tolist()
    for person, degree, school, (studied, delay) in zip(people, degrees, schools, draws, strict=True):
        digit, age = _DEGREES[degree]
        year = person.born.year + age + int(3 * delay)
        if studied > (0.62 if person.born.year >= 1985 else 0.22) or year >= AS_OF.year or year < 1981:
            continue
        certificate = f"{99001 + school}{digit}{year}{len(rows) + 1:06d}"
        graduated = f"{year}-{6 + int(2 * delay):02d}-30"
        rows.append([person.resident_id, person.name, certificate, degree, _SCHOOLS[school], graduated])
    columns = ("resident_id", "name", "certificate_number", "degree", "school", "graduated_on")
    return Register(columns, rows)


def _licence(companies: Sequence[Company], random: np.random.Generator) -> Register:
    rows: list[Row] = []
    draws = random.random((len(companies), 2)).tolist()
    for company, (status, size) in zip(companies, draws, strict=True):
        state = "active" if status < 0.88 else "cancelled" if status < 0.97 else "revoked"
        rows.append(
            [
                company.credit_code,
                company.name,
                company.owner.resident_id,
                state,
                day_before(random, 20).isoformat(),
                str(max(1, int(10 ** (0.5 + 4 * size)))),
                company.industry,
                company.region,
            ]
        )
    columns = (
        *("credit_code", "name", "legal_representative", "status"),
        *("registered_on", "capital", "industry", "region"),
    )
    return Register(columns, rows)


def _tax(people: Sequence[Resident], random: np.random.Generator) -> Register:
    rows = []
    draws = random.random((len(people), 3)).tolist()
    for person, (earns, paid, income) in zip(people, draws, strict=True):
        if not 18 <= person.age < 66 or earns > 0.66:
            continue
        state = "settled" if paid < 0.95 else "owing"
        band = "low" if income < 0.6 else "middle" if income < 0.92 else "high"
        rows.append([person.resident_id, person.name, state, str(AS_OF.year - 1), band, person.region])
    return Register(("resident_id", "name", "status", "year_paid", "annual_band", "region"), rows)


def _find_cast(
    people: Sequence[Resident], companies: Sequence[Company], registers: Mapping[str, Register]
) -> Cast:
    by_id = {person.resident_id: person for person in people}
    medical = {row[0] for row in registers["medical-insurance"].rows if row[2] == "active"}
    near_pension = {person.resident_id for person in people if 50 <= person.age <= 60}
    insured = [
        (by_id[row[0]], int(row[3]))
        for row in registers["pension-insurance"].rows
        if row[0] in medical and row[0] in near_pension and row[2] == "active"
    ]
    graduate = next(row for row in registers["diploma"].rows if row[3] == "bachelor")
    active = {row[0] for row in registers["business-licence"].rows if row[3] == "active"}
    return Cast(
        deferrable=next(person for person, months in insured if 120 <= months < 180),
        settled=next(person for person, months in insured if months >= 180),
        graduate=by_id[graduate[0]],
        certificate_number=graduate[2],
        company=next(company for company in companies if company.credit_code in active),
    )


def _with_dirt(register: Register, spared: set[str], random: np.random.Generator) -> Register:
    """Spoil one row in 2,000 in each way of `_DIRT` and write as many down twice; leave the cast alone."""
    rows = [row.copy() for row in register.rows]
    left = [i for i in random.permutation(len(rows)).tolist() if rows[i][0] not in spared]
    each = max(1, len(rows) // 2_000)
    twice = [rows[left.pop()].copy() for _ in range(each)]
    for fits, spoil in _DIRT:
        chosen = set(islice((i for i in left if fits(rows[i][0])), each))
        left = [i for i in left if i not in chosen]
        for i in chosen:
            spoil(rows[i])
    return Register(register.columns, rows + twice)


def _wrong_check_digit(row: Row) -> None:
    row[0] = row[0][:-1] + ("1" if row[0][-1] == "0" else "0")


def _no_subject(row: Row) -> None:
    row[0] = ""


def _no_value(row: Row) -> None:
    row[2] = ""


def _full_width(row: Row) -> None:
    row[0] = row[0].translate(_FULL_WIDTH)


def _lower_case(row: Row) -> None:
    row[0] = row[0].lower()


def _old_number(row: Row) -> None:
    row[0] = old_resident_id(row[0])


# Which subjects can be spoilt in which way; the last three are still readable.
_DIRT: tuple[tuple[Callable[[str], bool], Callable[[Row], None]], ...] = (
    (lambda subject: True, _wrong_check_digit),
    (lambda subject: True, _no_subject),
    (lambda subject: True, _no_value),
    (lambda subject: True, _full_width),
    (lambda subject: subject[-1].isalpha(), _lower_case),
    (lambda subject: subject[6:8] == "19" and subject[:2] != "91", _old_number),
)
