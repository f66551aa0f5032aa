"""A catalogue that is exported and imported again is the same one, and no file makes the readers fail."""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples

from node.core.catalogue.csv import read_csv, write_csv
from node.core.catalogue.dcat import read_dcat, write_dcat
from node.core.normal_form import line
from node.errors import NodeError
from node.v1 import catalogue_pb2 as pb

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CODES = ("11441900000000019Y", "11441900000000035L", "1144190000000006X2")
ODD = st.sampled_from("养老=+-@'|\\\",;\n\t＝①a1 #{}[]\u00a0\U0001f600")
TEXT = st.one_of(st.text(ODD, max_size=6), st.text(st.characters(exclude_categories=["C"]), max_size=6))
SOME = TEXT.filter(bool)
WHOLE = st.integers(-(2**63), 2**63 - 1)
GROWN = st.integers(0, 2**32 - 1)
FIELDS = st.builds(
    pb.Field,
    name=SOME,
    title=TEXT,
    title_en=TEXT,
    type=st.sampled_from(["text", "integer", "date", "enum", "region", "resident_id", "其他"]),
    sensitivity=st.sampled_from(["", "normal", "sensitive", "identifier"]),
    level=st.integers(0, 4),
    values=st.lists(SOME, max_size=3),
    minimum=st.none() | WHOLE,
    maximum=st.none() | WHOLE,
)
QUESTIONS = st.builds(
    pb.Question,
    name=TEXT,
    title=TEXT,
    title_en=TEXT,
    kind=st.sampled_from(pb.QuestionKind.values()),
    expression=TEXT,
    parameters=st.lists(
        st.builds(pb.QuestionParameter, name=TEXT, choices=st.lists(TEXT, max_size=2), type=TEXT), max_size=2
    ),
    claims=st.lists(TEXT, max_size=2),
    claim_limits=st.lists(st.builds(pb.QuestionClaim, name=TEXT, wrong_tries_per_subject=GROWN), max_size=2),
    conditions=st.lists(st.builds(pb.Condition, rule=TEXT, purposes=st.lists(TEXT, max_size=2)), max_size=2),
    reads=st.lists(TEXT, max_size=2),
    ceiling=st.none() | st.builds(pb.Ceiling, level=GROWN, sensitivity=TEXT),
    statistic=st.none()
    | st.builds(
        pb.StatisticTerms,
        group_by=st.lists(st.builds(pb.CountedBy, field=TEXT, values=st.lists(TEXT, max_size=2)), max_size=2),
        unit_contributes=GROWN,
    ),
)
RULES = st.builds(
    pb.UsageRule,
    id=TEXT,
    allow=st.lists(TEXT, max_size=2),
    regions=st.lists(TEXT, max_size=2),
    purposes=st.lists(TEXT, max_size=2),
    workdays=st.booleans(),
    own_region=st.booleans(),
    per_day=st.integers(0, 2**64 - 1),
)
ENTRIES = st.builds(
    pb.Dataset,
    summary=st.builds(
        pb.DatasetSummary,
        dataset=SOME.map(line).filter(bool),  # as `node.core.names` has them, none has blanks around it
        title=SOME,
        title_en=TEXT,
        provider=st.sampled_from(CODES),
        sharing=st.sampled_from([each for each in pb.SharingAttribute.values() if each]),
        update=st.sampled_from(["", "daily", "realtime", "once", "每两年"]),
        unapproved=st.booleans(),
    ),
    level=st.integers(0, 4),
    personal=st.booleans(),
    fields=st.lists(FIELDS, max_size=3, unique_by=lambda field: field.name),
    questions=st.lists(QUESTIONS, max_size=2),
    reason=TEXT,
    legal_basis=TEXT,
    digest=st.binary(max_size=32),
    format=st.sampled_from(["", "database", "image", "别的"]),
    modes=st.lists(st.sampled_from(["interface", "batch", "file"]), max_size=3),
    scope=TEXT,
    use=TEXT,
    subject=st.none() | st.builds(pb.SubjectItem, field=SOME, type=st.just("resident_id"), region_field=TEXT),
    rules=st.lists(RULES, max_size=2),
    forbidden_together=st.lists(
        st.builds(pb.ForbiddenCombination, id=TEXT, questions=st.lists(TEXT, max_size=2), within_days=GROWN),
        max_size=2,
    ),
    privacy=st.none() | st.builds(pb.PrivacyBudget, dataset_micros=st.integers(0, 2**64 - 1), period=TEXT),
)
CATALOGUES = st.lists(ENTRIES, max_size=3, unique_by=lambda e: (e.summary.dataset, e.summary.provider))


def dcat(entries: list[pb.Dataset]) -> str:
    return "".join(write_dcat(CODES[2], NOW, entries))


def tabled(entry: pb.Dataset) -> pb.Dataset:
    """What the table has of an entry."""
    kept = pb.Dataset(
        summary=entry.summary,
        level=entry.level,
        personal=entry.personal,
        fields=entry.fields,
        reason=entry.reason,
        legal_basis=entry.legal_basis,
        format=entry.format,
        modes=entry.modes,
        scope=entry.scope,
        use=entry.use,
    )
    kept.summary.ClearField("unapproved")
    if entry.subject != pb.SubjectItem():
        kept.subject.CopyFrom(entry.subject)
    return kept


@given(CATALOGUES)
def test_dcat_brings_back_every_entry_whole(entries: list[pb.Dataset]) -> None:
    read = read_dcat("c.jsonld", dcat(entries).encode())
    assert (read.publisher, list(read.entries)) == (CODES[2], entries)


@given(CATALOGUES, st.sampled_from(["utf-8", "gb18030"]))
def test_csv_brings_back_all_that_a_table_has(entries: list[pb.Dataset], encoding: str) -> None:
    text = "".join(write_csv(entries))
    if encoding == "gb18030":
        text = text.removeprefix("\ufeff")
    assert list(read_csv("c.csv", text.encode(encoding)).entries) == [tabled(entry) for entry in entries]


@given(CATALOGUES)
def test_no_cell_is_a_formula(entries: list[pb.Dataset]) -> None:
    for row in csv.reader(StringIO("".join(write_csv(entries)), newline="")):
        assert not any(cell.startswith(tuple("=+@\t\r\n＝＋－＠")) for cell in row)
        assert all(cell[1:].isdigit() for cell in row if cell.startswith("-"))


@given(CATALOGUES.filter(bool), st.data())
def test_a_file_that_was_changed_is_read_or_refused(entries: list[pb.Dataset], data: st.DataObject) -> None:
    for read, text in ((read_dcat, dcat(entries)), (read_csv, "".join(write_csv(entries)))):
        content = bytearray(text.encode())
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(content) - 1))
            content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=4))
        with suppress(NodeError):
            read("c", bytes(content))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
PLACES = st.sampled_from(["title", "fields", "questions", "level", "digest", "sharing", "publisher", "@id"])


@given(ENTRIES, PLACES, JSON)
@examples(200)
def test_whatever_stands_in_a_place_is_read_or_refused(entry: pb.Dataset, key: str, value: object) -> None:
    document = json.loads(dcat([entry]))
    document["dataset"][0][key] = value
    with suppress(NodeError):
        read_dcat("c", json.dumps(document).encode())
