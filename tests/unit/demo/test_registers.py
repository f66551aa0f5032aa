"""The made-up registers are valid, deterministic, overlapping and a little dirty."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from stdnum import numdb
from stdnum.cn import ric, uscc

from node.core.spreadsheet import Damage
from node.demo.numbers import SYNTHETIC_AREA, credit_codes, old_resident_id
from node.demo.registers import Registers, make_registers
from node.demo.residents import TOWNS
from node.demo.size import FEWEST

COUNT = 4_000


@pytest.fixture(scope="module")
def registers() -> Registers:
    return make_registers(COUNT)


def test_same_seed_gives_the_same_registers(registers: Registers) -> None:
    assert make_registers(COUNT) == registers


def test_other_seed_gives_other_residents(registers: Registers) -> None:
    assert make_registers(COUNT, seed=1).residents != registers.residents


def test_every_resident_has_a_distinct_number_with_a_valid_check_digit(registers: Registers) -> None:
    numbers = [resident.resident_id for resident in registers.residents]
    assert len(set(numbers)) == COUNT
    assert all(number[-1] == ric.calc_check_digit(number) for number in numbers)


def test_number_tells_the_birth_date_of_the_resident(registers: Registers) -> None:
    assert all(r.resident_id[6:14] == f"{r.born:%Y%m%d}" for r in registers.residents)


def test_no_real_area_is_used(registers: Registers) -> None:
    assert all(r.resident_id.startswith(SYNTHETIC_AREA) for r in registers.residents)
    assert not any("county" in found for _, found in numdb.get("cn/loc").info(SYNTHETIC_AREA))
    assert any("county" in found for _, found in numdb.get("cn/loc").info("440303")), "a real one is known"


def test_credit_codes_are_valid_and_distinct() -> None:
    codes = credit_codes(range(500))
    assert all(uscc.is_valid(code) for code in codes)
    assert len(set(codes)) == 500


def test_old_number_is_refused_for_someone_born_after_1999() -> None:
    with pytest.raises(ValueError, match="before 2000"):
        old_resident_id("44199920010101000X")


@pytest.mark.parametrize("count", [0, FEWEST - 1, 1_000_001])
def test_number_of_residents_has_bounds(count: int) -> None:
    with pytest.raises(ValueError, match="ask for"):
        make_registers(count)


def test_smallest_city_has_a_full_cast() -> None:
    assert make_registers(FEWEST).cast.certificate_number


@pytest.mark.parametrize("count", [FEWEST, 2_000, COUNT])
def test_no_register_looks_as_if_a_spreadsheet_had_rounded_its_numbers(count: int) -> None:
    for register in make_registers(count).datasets.values():
        damage = Damage()
        looked = [damage.look(row[0]) for row in register.rows]
        assert damage.rounded * 100 < len(looked)


def test_registers_overlap_without_being_equal(registers: Registers) -> None:
    pension = _subjects(registers, "pension-insurance")
    medical = _subjects(registers, "medical-insurance")
    assert len(pension & medical) > COUNT / 3
    assert pension - medical
    assert medical - pension


def test_cast_is_what_the_registers_say(registers: Registers) -> None:
    pension = {row[0]: row for row in registers.datasets["pension-insurance"].rows}
    cast = registers.cast
    assert 120 <= int(pension[cast.deferrable.resident_id][3]) < 180
    assert int(pension[cast.settled.resident_id][3]) >= 180
    diploma = {row[0]: row for row in registers.datasets["diploma"].rows}
    assert diploma[cast.graduate.resident_id][2] == cast.certificate_number
    licence = {row[0]: row for row in registers.datasets["business-licence"].rows}
    assert licence[cast.company.credit_code][3] == "active"


@pytest.mark.parametrize("dataset", ["pension-insurance", "medical-insurance", "diploma", "tax-payment"])
def test_every_register_of_people_is_dirty_in_every_way(registers: Registers, dataset: str) -> None:
    rows = registers.datasets[dataset].rows
    subjects = [row[0] for row in rows]
    unread = [s for s in subjects if s and len(s) == 18 and s.isascii() and s.upper() == s]
    assert any(ric.calc_check_digit(s) != s[-1] for s in unread), "wrong check digit"
    assert "" in subjects, "no subject"
    assert any(row[2] == "" for row in rows), "empty field"
    assert any(s and not s.isascii() for s in subjects), "full-width digits"
    assert any(s.endswith("x") for s in subjects), "lower-case x"
    assert any(len(s) == 15 for s in subjects), "old number"
    assert max(Counter(s for s in subjects if s).values()) == 2, "written down twice"


def test_only_a_few_per_mille_are_dirty() -> None:
    big = make_registers(20_000)
    known = big.identifiers
    for register in big.datasets.values():
        dirty = sum(row[0] not in known or "" in row for row in register.rows)
        assert 0 < dirty / len(register.rows) < 0.01


def test_file_holds_what_the_register_holds(registers: Registers, tmp_path: Path) -> None:
    register = registers.datasets["diploma"]
    register.write(tmp_path / "diploma.csv")
    with (tmp_path / "diploma.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == register.columns
    assert rows == register.rows


def test_batch_lists_distinct_residents_and_their_towns(registers: Registers, tmp_path: Path) -> None:
    assert registers.write_batch(tmp_path / "list.csv", 1_000) == 1_000
    with (tmp_path / "list.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["resident_id"] for row in rows}) == 1_000
    assert {row["town"] for row in rows} == set(TOWNS.values())


def _subjects(registers: Registers, dataset: str) -> set[str]:
    return {row[0] for row in registers.datasets[dataset].rows}
