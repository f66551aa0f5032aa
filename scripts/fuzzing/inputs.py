"""Fuzz targets for files and texts that people and departments hand over."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

from node.core.catalogue.csv import read_csv
from node.core.catalogue.dcat import read_dcat
from node.core.identity import (
    holds_identifier,
    normalise_credit_code,
    normalise_region,
    normalise_resident_id,
)
from node.core.policy.dataset import FieldType
from node.core.policy.policy import PolicyFile
from node.core.reading.build import check_files
from node.core.reading.holidays import check_holidays
from node.errors import NodeError
from node.source.reader import content_and_lines, read_file
from node.source.spec import FileSpec
from node.source.values import read_value

_COLUMNS = ("resident_id", "status")


def catalogue_csv(data: bytes) -> object:
    """A catalogue as a table."""
    return read_csv("catalogue.csv", data)


def catalogue_dcat(data: bytes) -> object:
    """A catalogue as JSON-LD."""
    return read_dcat("catalogue.jsonld", data)


def data_csv(data: bytes) -> object:
    """A data file: what is read of it are the rows that the scan counted, with all their columns."""
    path = _scratch()
    path.write_bytes(data)
    spec = FileSpec(path, "csv")
    lines = content_and_lines(spec, lambda: None).lines
    assert lines is not None
    rows = 0
    for chunk in read_file(spec, _COLUMNS, lines).chunks:
        assert len(chunk) == len(_COLUMNS)
        assert len({len(column) for column in chunk}) == 1
        rows += len(chunk[0])
    assert rows == lines.rows, "the parser reads other rows than the scan"
    return rows


def identifiers(data: bytes) -> object:
    """Identifiers of people, organisations and regions: their normal form is read as itself."""
    text = data.decode("utf-8", "replace")
    for normalise in (normalise_resident_id, normalise_credit_code, normalise_region):
        try:
            normal = normalise(text)
        except NodeError:
            continue
        assert normalise(normal) == normal
    return holds_identifier(text)


def values(data: bytes) -> object:
    """Values of every type: their normal form is read as itself."""
    text = data.decode("utf-8", "replace")
    for kind in FieldType:
        value = read_value(text, kind)
        assert value is None or read_value(str(value), kind) == value
    return None


def policy(data: bytes) -> object:
    """A policy file, as officers and other departments' officers write it."""
    return check_files([PolicyFile("policy.yaml", data)])


def definitions(data: bytes) -> object:
    """The definitions that policies share."""
    return check_files([PolicyFile("definitions.yaml", data)])


def predicate(data: bytes) -> object:
    """A condition on records, in an otherwise good policy."""
    text = data.decode("utf-8", "replace").replace("'", "''").replace("\n", " ")
    changed = _example().replace("verify: status = 'active'", f"verify: '{text}'", 1)
    return check_files([PolicyFile("policy.yaml", changed.encode())])


def holidays(data: bytes) -> object:
    """A holiday file."""
    return check_holidays("holidays.yaml", data)


@cache
def _example() -> str:
    return (Path(__file__).parents[2] / "policies" / "pension-insurance.yaml").read_text("utf-8")


@cache
def _scratch() -> Path:
    handle, name = tempfile.mkstemp(prefix="dxnode-fuzz-")
    os.close(handle)
    return Path(name)
