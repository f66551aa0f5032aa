"""A register of any size: made-up residents with valid identity numbers, as a Parquet file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from node.demo.numbers import numbered
from node.demo.residents import TOWNS

MOST = 15_000_000
_PER_DAY = 500
_FIRST_DAY = np.datetime64("1930-01-01", "D")
_STATUS = ("active", "paused", "ended")
_CHUNK = 500_000

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Population:
    """`size` residents, numbered from 0; who is who follows from the number."""

    size: int

    def __post_init__(self) -> None:
        if not 0 < self.size <= MOST:
            raise ValueError(f"a population has 1 to {MOST} residents")

    def identifiers(self, numbers: Ints) -> list[str]:
        """The identity numbers of some residents."""
        return numbered(_FIRST_DAY + numbers // _PER_DAY, numbers % _PER_DAY)

    def some(self, count: int, random: np.random.Generator) -> list[str]:
        """Identity numbers of `count` residents from anywhere in the register; one may come twice."""
        return self.identifiers(random.integers(0, self.size, count))

    def write(self, path: Path) -> None:
        """The register as Parquet: resident_id, name, status, months_paid, region."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        schema = pa.schema(
            [
                ("resident_id", pa.string()),
                ("name", pa.string()),
                ("status", pa.string()),
                ("months_paid", pa.int64()),
                ("region", pa.string()),
            ]
        )
        with pq.ParquetWriter(path, schema) as writer:
            for first in range(0, self.size, _CHUNK):
                numbers = np.arange(first, min(first + _CHUNK, self.size), dtype=np.int64)
                columns = [
                    pa.array(self.identifiers(numbers)),
                    pa.array([f"居民{number}" for number in (numbers % 10_000).tolist()]),
                    pa.array(_pick(_STATUS, numbers)),
                    pa.array(numbers * 7 % 721),
                    pa.array(_pick(tuple(TOWNS), numbers)),
                ]
                writer.write_table(pa.table(columns, schema=schema))


def _pick(choices: Sequence[str], numbers: Ints) -> list[str]:
    return [choices[number] for number in (numbers % len(choices)).tolist()]
