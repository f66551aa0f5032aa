"""The readers of values, written as SQL, tell the same as the readers themselves."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlglot import exp
from support.live import KINDS, Databases, change, fill
from support.register import ANN, BEN, dataset, resident

from node.core.identity import SubjectType, check_character, normalise_subject
from node.core.normal_form import TAKEN_FOR, normal_text
from node.core.policy.dataset import Field, FieldType, Sensitivity
from node.errors import NodeError
from node.source.forms import forms_of, functions
from node.source.sessions import DatabaseSessions, statement_of
from node.source.spec import Layout
from node.source.sql import ROW, raw
from node.source.text_form import normal, unsettled
from node.source.values import read_field

CODES = ("11441900000000019Y", "11441900000000035L", "1144190000000006X2", "91110000600037341L")
LETTERED = ("N2441900MF0000001R", "A1110000MB0000001M", "Y2441900MF0000001H")
"""Codes of registrars that the amendment of 2016 has named by a letter."""
SPELLED = (
    "陈　文",
    "阿力木•买买提",
    "阿力木 . 买买提",
    "Ｗang  Wei",
    "\u202a陈文\u202c",
    "中.文.中",
    "a. b",
    "甲1.5",
)
ODD = "0123456789Xx０１Ｘ王é \u3000\t\n\u200b\ufeff\u2007-–.'\\%\u0301e"


def spelled(text: str) -> list[str]:
    """A text in ways that people and systems write it."""
    wide = "".join(chr(ord(c) + 0xFEE0) for c in text)
    return [
        text,
        text.lower(),
        wide,
        wide.lower(),
        f" {text}",
        f"{text} ",
        f"{text}\n",
        f"\u3000{text}",
        f"{text[:6]} {text[6:]}",
        f"{text[:6]}-{text[6:]}",
        f"{text[:6]}\u2013{text[6:]}",
        f"{text[:6]}\u200b{text[6:]}",
        f"\ufeff{text}",
        text[:-1],
        f"{text}1",
        f"x{text}",
        text[:-1] + ("0" if text[-1] != "0" else "1"),
        text.replace(text[7], "\u0660", 1),
        text.replace("X", "\u2169"),
        text.replace("X", "\u00d7"),
        f"\u2800{text}\ufffc",
    ]


def old(number: str) -> str:
    return number[:6] + number[8:17]


PLACES = ["441900", "110101", "540000", "710000", "820000", "911000", "944156", "660000", "044190"]
YEARS = ["1796", "1800", "1900", "1904", "1999", "2000", "2023", "2024", "2099", "2100"]
DAYS = ["0011", "0100", "0101", "0228", "0229", "0230", "0430", "0431", "0731", "1231", "1301"]
PLAIN = (
    *("", " ", "a", "A", "é", "e\u0301", "王𠮷", "王𠮶", "張\u3000三", "a  b", "a b", " a", "a ", "a\tb"),
    *("x" * 1000, "x" * 1001, "a\x01b", "a\x85b", "a\u00a0b", "a\u2028b", "\uac01", "\u1100\u1161"),
    *("\ufa0e", "\uf900", "\u212b", "a\u0323\u0302", "a\u0302\u0323", "x\u0302"),
    *("2020-02-29", "2019-02-29", "0004-02-29", "0100-02-29", "0000-01-01", "2020-1-1", "20200101"),
    *("2020-13-01", "9999-12-31", "2020-04-31", "2020-01-01 00:00:00", "2020-01-01\n"),
    *("441900", "4419", "441900000", "441900003", "000000", "000001", "441900003000", "441900003001"),
    *("441900000001", "660000", "441900 ", "active", "ACTIVE", "active ", "o'clock: x", "o\\'clock"),
)


def numbers(chance: random.Random) -> list[str]:
    """Identity numbers, and what nearly is one: their dates and provinces are at the edges."""
    found = []
    for _ in range(400):
        body = "".join(map(chance.choice, (PLACES, YEARS, DAYS, ["001", "120", "996", "999"])))
        found += [body + check_character(body), body + chance.choice("0123456789X"), old(body)]
    return found


def texts(chance: random.Random) -> list[str]:
    found = [*PLAIN, *("".join(chance.choices(ODD, k=chance.randrange(1, 8))) for _ in range(300))]
    for number in (ANN, BEN, resident(12), *CODES, *LETTERED):
        found += spelled(number)
    found += [old(ANN), old(BEN), f" {old(ANN)}", old(ANN)[:-1], f"{old(ANN)[:12]}999"]
    return found + numbers(chance)


def told(url: str, layout: Layout, conditions: Sequence[str]) -> list[tuple[bool, ...]]:
    """By row in its order, which conditions hold."""
    sessions = DatabaseSessions(url, 1, 30.0, functions(layout))
    columns = [raw(f"CASE WHEN {condition} THEN 1 ELSE 0 END") for condition in conditions]
    select = exp.select(*columns).from_(exp.table_("register", quoted=True, alias=ROW)).order_by("n")
    try:
        rows = sessions.run(lambda c: c.execute(statement_of(select, sessions.dialect)).all())
    finally:
        sessions.close()
    return [tuple(bool(value) for value in row) for row in rows]


def described(kind: FieldType) -> Field:
    values = ("active", "paused", "o'clock: x") if kind is FieldType.ENUM else ()
    return Field("value", "", "", kind, Sensitivity.NORMAL, values)


@pytest.mark.parametrize("subject", ["resident_id", "credit_code"])
@pytest.mark.parametrize("kind", KINDS)
def test_identifiers_are_told_apart_as_the_readers_do(
    servers: Databases, kind: str, subject: SubjectType
) -> None:
    given = texts(random.Random(1))  # noqa: S311 (the same each time)
    types = {"n": "INTEGER", "id": "VARCHAR(2000)"}
    url = fill(servers.new(kind), enumerate([*given, None]), types, columns=("n", "id"))
    layout = Layout("id", subject, "", ())
    forms = forms_of(layout, DatabaseSessions(url, 1, 1.0).dialect)

    def wanted(text: str) -> tuple[bool, bool]:
        try:
            number = normalise_subject(text, subject)
        except NodeError:
            return False, False
        return number == text, number != text

    found = told(url, layout, [forms.own, f"NOT ({forms.own}) AND ({forms.other})"])
    assert found[-1] == (False, False), "none at all"
    wrong = [text for text, is_so in zip(given, found, strict=False) if is_so != wanted(text)]
    assert wrong == []
    assert {(True, False), (False, True), (False, False)} <= set(found)


@pytest.mark.parametrize("field", [kind for kind in FieldType if kind is not FieldType.INTEGER])
@pytest.mark.parametrize("kind", KINDS)
def test_values_are_told_apart_as_the_readers_do(servers: Databases, kind: str, field: FieldType) -> None:
    given = texts(random.Random(2))  # noqa: S311 (the same each time)
    types = {"n": "INTEGER", "value": "VARCHAR(2000)"}
    url = fill(servers.new(kind), enumerate([*given, None]), types, columns=("n", "value"))
    layout = Layout("n", "resident_id", "", (described(field),))
    forms = forms_of(layout, DatabaseSessions(url, 1, 1.0).dialect)
    found = [is_irregular for (is_irregular,) in told(url, layout, [forms.irregular["value"]])]

    assert not found[-1], "nothing is in order"
    read = [read_field(text, described(field)) == text for text in given]
    if field is FieldType.TEXT:  # which is brought to its form: only what a load leaves out is irregular
        read = [not normal_text(text) or read_field(text, described(field)) is not None for text in given]
    wrong = {text for text, is_so, was in zip(given, found, read, strict=False) if is_so is was}
    if (kind, field) == ("mariadb", FieldType.TEXT):
        # It cannot tell NFC: a text that holds what might have been composed counts as irregular.
        wrong -= {text for text in wrong if any(each in unsettled() for each in text)}
    assert wrong == set()
    assert {True, False} <= set(found)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_brought_to_their_form_as_the_reader_does(servers: Databases, kind: str) -> None:
    chance = random.Random(3)  # noqa: S311 (the same each time)
    odd = (
        ODD
        + "陈文·•.．﹒ＡＷｚ０（）Ａ⽂\u00ad\u202a\ufe0f\ue816\ue863\U000e0100\U00020bb7\u00b7\u30fb\u3000"
    )
    given = [text for text in (*PLAIN, *SPELLED) if "\x01" not in text and len(text) <= 1000]
    given += ["".join(chance.choices(odd, k=chance.randrange(1, 12))) for _ in range(600)]
    given += [f"x{chr(code)}文" for code in TAKEN_FOR]
    types = {"n": "INTEGER", "value": "VARCHAR(2000)"}
    url = fill(servers.new(kind), enumerate([*given, None]), types, columns=("n", "value"))
    sessions = DatabaseSessions(url, 1, 30.0, functions(Layout("n", "resident_id", "", ())))
    column = exp.column("value", table=ROW, quoted=True).sql(dialect=sessions.dialect.name)
    form = raw(normal(column, sessions.dialect))
    select = exp.select(form).from_(exp.table_("register", quoted=True, alias=ROW)).order_by("n")
    try:
        found = sessions.run(lambda c: c.execute(statement_of(select, sessions.dialect)).scalars().all())
    finally:
        sessions.close()

    assert found[-1] is None
    told = unsettled() if kind == "mariadb" else frozenset[str]()
    wrong = [
        text
        for text, said in zip(given, found, strict=False)
        if said != (normal_text(text) or None) and not any(each in told for each in text)
    ]
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS)
def test_integers_out_of_their_range_are_irregular(servers: Databases, kind: str) -> None:
    given = [0, 720, 721, -1, 10**18, None]
    url = fill(
        servers.new(kind), enumerate(given), {"n": "INTEGER", "value": "BIGINT"}, columns=("n", "value")
    )
    bounded = replace(described(FieldType.INTEGER), minimum=0, maximum=720)
    for field, irregular in (
        (bounded, [0, 0, 1, 1, 1, 0]),
        (described(FieldType.INTEGER), [0, 0, 0, 0, 1, 0]),
    ):
        layout = Layout("n", "resident_id", "", (field,))
        forms = forms_of(layout, DatabaseSessions(url, 1, 1.0).dialect)
        assert [int(is_so) for (is_so,) in told(url, layout, [forms.irregular["value"]])] == irregular


def test_what_sqlite_keeps_as_another_type_is_irregular(servers: Databases) -> None:
    url = servers.new("sqlite")
    change(
        url,
        "CREATE TABLE register (n INTEGER, months, name)",
        "INSERT INTO register VALUES (1, '12', 'x'), (2, 1.5, 2.5), (3, x'3132', x'78')",
        "INSERT INTO register VALUES (4, 12, 12), (5, '', '')",
    )
    fields = tuple(dataset().fields[name] for name in ("months", "name"))
    layout = Layout("n", "resident_id", "", fields)
    forms = forms_of(layout, DatabaseSessions(url, 1, 1.0).dialect)

    found = told(url, layout, list(forms.irregular.values()))
    assert found == [(True, False), (True, True), (True, True), (False, False), (True, False)]
