"""A name is compared in one form in data and claim, in every kind of source."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.kinds import FILES, KINDS, Source, open_source
from support.live import Databases
from support.register import ANN, BEN, DAN, EVE, NOBODY, Row, key, question, resident

from node.core.stop import Stop

FAY, GUS, HAL, IDA = (resident(number) for number in range(5, 9))
USUAL = (*FILES, "sqlite", "postgresql", "mariadb")
ALL = [
    kind if kind in USUAL else pytest.param(kind, marks=pytest.mark.full("every collation takes long"))
    for kind in KINDS
    if kind != "mariadb in gbk"  # which has no such characters
]


def row(subject: str, name: str | None, note: str | None = None) -> Row:
    return (subject, name, "active", "12", "2020-01-31", note, None, "441900003")


ROWS = (
    row(ANN, "陈　文", "甲 乙"),
    row(BEN, "阿力木·买买提", "东莞（集团）"),
    row(EVE, "阿依古丽 . 麦麦提", "a•b"),
    row(DAN, "Ｗang　Wei", "\u200b "),
    row(FAY, "王\ue816", "x"),
    row(GUS, "\u202a⽂\u2060天祥\u202c ", "x\u00ady"),
    row(HAL, "\u3000", None),
    row(IDA, "葛\U000e0100亮", "\ue863"),
)


@pytest.fixture(scope="module", params=ALL)
def source(
    request: pytest.FixtureRequest, servers: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Source]:
    opened = open_source(request.param, servers, tmp_path_factory.mktemp("source"), ROWS)
    yield opened
    opened.close()


SAME = [
    (ANN, "陈文"),
    (ANN, "陈\u00a0文"),
    (ANN, "\u202a陈文\u202c"),
    (BEN, "阿力木•买买提"),
    (BEN, "阿力木・买买提"),
    (BEN, "阿力木.买买提"),
    (BEN, "阿力木ㆍ买买提"),
    (BEN, "阿力木\u2981买\u2800买提\ufffc"),
    (EVE, "阿依古丽·麦麦提"),
    (DAN, "Wang Wei"),
    (DAN, "Ｗａｎｇ  Ｗｅｉ"),
    (FAY, "王\U00020087"),
    (FAY, "王\ue816"),
    (GUS, "文天祥"),
    (IDA, "葛亮"),
]
OTHER = [
    (ANN, "陈义"),
    (ANN, "陈文文"),
    (BEN, "阿力木买买提"),
    (BEN, "阿力木-买买提"),
    (BEN, "阿力木●买买提"),
    (BEN, "阿力木%买买提"),
    (BEN, "阿力木_买买提"),
    (DAN, "WangWei"),
    (DAN, "wang wei"),
    (FAY, "王\U00020089"),
    (HAL, ""),
    (HAL, " "),
    (NOBODY, "陈文"),
]


@pytest.mark.parametrize("name", ["name-matches", "name-equals"])
def test_claims_match_in_every_spelling_and_no_other_name_does(source: Source, name: str) -> None:
    asked = question(name)
    subjects = [key(subject, name=claim) for subject, claim in (*SAME, *OTHER)]
    ask = source.verify if name == "name-matches" else source.field
    yes, no = (True, False) if name == "name-matches" else ("true", None)

    assert list(ask(asked, {}, "", subjects)) == [*[yes] * len(SAME), *[no] * len(OTHER)]
    assert [ask(asked, {}, "", [subject])[0] for subject in subjects[:3]] == [yes] * 3


def test_texts_that_leave_are_in_the_form(source: Source) -> None:
    everybody = [key(subject) for subject in (ANN, BEN, EVE, DAN, FAY, GUS, HAL, IDA)]

    said = source.field(question("note-plain"), {}, "", everybody)
    assert list(said) == ["甲乙", "东莞(集团)", "a·b", None, "x", "xy", None, "\u4dae"]
    masked = source.field(question("name-masked"), {}, "", everybody)
    assert list(masked) == ["陈****", "阿****", "阿****", "W****", "王****", "文****", None, "葛****"]


def test_what_shows_nothing_is_empty(source: Source) -> None:
    empty = source.verify(question("note-empty"), {}, "", [key(each) for each in (DAN, HAL, ANN)])
    assert list(empty) == [True, True, False]
    assert source.count(question("named"), {}, "", Stop()) == [((), 7)]
    assert source.problems() == ()
