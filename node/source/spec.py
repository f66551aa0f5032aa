"""Where a dataset's data are, which columns they have, and what was found on loading them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from node.core.identity import SubjectType
from node.core.normal_form import NORMAL_FORM
from node.core.policy.dataset import Dataset, Field, FieldType

# Rows read so far, and how many there will be (None: not known yet).
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A data file with one row for each subject; the columns are named after the subject and the fields.

    CSV as of RFC 4180 with a header, UTF-8 with or without byte order mark, or GB18030 where said so, in the
    bounds of `node.core.csv_scan`.
    """

    path: Path
    format: Literal["csv", "parquet"]
    encoding: Literal["utf-8", "gb18030"] = "utf-8"


@dataclass(frozen=True, slots=True)
class DatabaseSpec:
    """A table or view of a live database, one row for each subject, its values in the forms of `values`.

    `table` may be "schema.table". The URL may hold a password.
    """

    url: str = field(repr=False)
    table: str


SourceSpec = FileSpec | DatabaseSpec


class Exactness(StrEnum):
    """How far it is known that a source's values are in the form of the product, one row for each subject.

    READ: a file, each value of which was read. CHECKED: a live database that was looked through.
    CHECKING: one that is being looked through for the first time. UNCHECKED: one that took too long; its
    lookups are exact, but values in another form count as other values, and it gives no statistics.
    """

    READ = "read"
    CHECKED = "checked"
    CHECKING = "checking"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a dataset as a source needs them; `region` is the field that places a subject, or ""."""

    subject: str
    subject_type: SubjectType
    region: str
    fields: tuple[Field, ...]

    @classmethod
    def of(cls, dataset: Dataset) -> Layout:
        """The columns that a catalogue entry promises."""
        subject = dataset.subject
        return cls(subject.field, subject.type, subject.region_field, tuple(dataset.fields.values()))

    @property
    def columns(self) -> tuple[str, ...]:
        """The subject's, then the fields'."""
        return self.subject, *(field.name for field in self.fields)

    @property
    def identifiers(self) -> frozenset[str]:
        """The columns that hold identifiers of people or organisations."""
        kinds = (FieldType.RESIDENT_ID, FieldType.CREDIT_CODE)
        return frozenset([self.subject, *(field.name for field in self.fields if field.type in kinds)])

    def digest(self) -> str:
        """SHA-256, hex, of all that changes how a data file is read, or a live database compared."""
        fields = [[f.name, f.type, f.sensitivity, f.values, f.minimum, f.maximum] for f in self.fields]
        read_as = [NORMAL_FORM, self.subject, self.subject_type, fields]
        return hashlib.sha256(json.dumps(read_as).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What loading found, in numbers alone (Decree 809, Art. 18: quality).

    Of `read` rows, those with an identifier that is none (`invalid_subjects`) were left out, and of several
    about one subject the last one counts (`duplicates` were left out): `rows` remain. By field: `empty`
    values, and `refused` ones that do not fit the field's type, range or closed values and count as empty.
    A CSV file has `lines` for `header`, rows, `blank` ones and those that begin within a value (`continued`);
    elsewhere each row is a line. `rounded` identifiers were taken for numbers by a spreadsheet; some may be
    valid by chance.
    """

    rows: int
    read: int
    invalid_subjects: int
    duplicates: int
    empty: Mapping[str, int]
    refused: Mapping[str, int]
    lines: int
    header: int = 0
    blank: int = 0
    continued: int = 0
    rounded: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether every line is one of these."""
        taken_or_left = self.rows + self.invalid_subjects + self.duplicates
        return (
            self.read == taken_or_left
            and self.lines == self.header + taken_or_left + self.blank + self.continued
        )
