"""One person in a live database in several rows and spellings: counted once at most, and no false yes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from support.kinds import DATABASES, made, opened
from support.live import Databases, insert
from support.register import BEN, ROWS, Row, key, question, resident
from support.told import english

from node.core.stop import Stop
from node.core.subject import Unclear
from node.errors import NodeError, Reason
from node.source.database import DatabaseSource

X = next(resident(number) for number in range(100) if resident(number).endswith("X"))
WIDE = X[:-1] + "\uff38"
# As one keyed table takes them in any collation, and as one without a key does.
KINDS = ("sqlite", "sqlite without key", "postgresql", "postgresql without key", "mariadb without key")


def row(subject: str, status: str = "active", region: str = "441900003") -> Row:
    return (subject, "Wang é", status, "12", "2020-01-31", None, None, region)


def people(source: DatabaseSource) -> int | Reason:
    """How many people are counted, or why none are."""
    try:
        return source.count(question("people"), {}, "", Stop())[0][1]
    except NodeError as error:
        return error.reason


def active(source: DatabaseSource, subject: str) -> bool | Unclear | Reason:
    """Alone and among others alike."""
    asked = question("is-active")
    try:
        alone = source.verify(asked, {}, "", [key(subject)])[0]
        assert source.verify(asked, {}, "", [key(BEN), key(subject)])[1] == alone
    except NodeError as error:
        return error.reason
    else:
        return alone


def source_of(servers: Databases, kind: str, rows: Sequence[Row]) -> DatabaseSource:
    return opened(made(kind, servers, rows))


@pytest.mark.parametrize("kind", KINDS)
def test_one_row_counts_once(servers: Databases, kind: str) -> None:
    source = source_of(servers, kind, [row(X)])

    assert (people(source), active(source, X)) == (1, True)
    source.close()


@pytest.mark.parametrize("kind", KINDS)
def test_five_spellings_of_one_person_do_not_count_five_times(servers: Databases, kind: str) -> None:
    source = source_of(servers, kind, [row(each) for each in (X, X.lower(), f" {X}", f"{X} ", WIDE)])

    assert people(source) is active(source, X) is Reason.SOURCE_UNAVAILABLE
    assert "4 identifiers are in another form" in english(source.problems()[0])
    source.close()


@pytest.mark.parametrize("kind", KINDS)
def test_spellings_that_came_since_do_not_count(servers: Databases, kind: str) -> None:
    url = made(kind, servers, [row(X)])
    source = opened(url)
    insert(url, [row(each) for each in (X.lower(), f" {X}", WIDE)])

    assert people(source) == 1
    assert active(source, X) in (True, Unclear.SEVERAL_ROWS)
    source.close()


@pytest.mark.parametrize("rows", [[row(X)] * 5, [row(X, "paused"), row(X)], [row(X), row(X, "paused")]])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith("without key")])
def test_rows_of_one_person_that_disagree_are_no_yes(servers: Databases, kind: str, rows: list[Row]) -> None:
    source = source_of(servers, kind, rows)

    assert people(source) is active(source, X) is Reason.SOURCE_UNAVAILABLE
    source.close()


@pytest.mark.parametrize("kind", KINDS)
def test_person_in_two_regions_counts_in_neither(servers: Databases, kind: str) -> None:
    if not kind.endswith("without key"):
        pytest.skip("a key lets no second row in")
    url = made(kind, servers, [row(BEN)])
    source = opened(url)
    insert(url, [row(X), row(X, region="441900004")])

    assert dict(source.count(question("by-region"), {}, "", Stop())) == {("441900003",): 1, ("441900004",): 0}
    assert active(source, X) is Unclear.SEVERAL_ROWS
    source.close()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_identifier_does_not_count(servers: Databases, kind: str) -> None:
    source = source_of(servers, kind, [row(f"garbage{number}") for number in range(7)])

    assert people(source) == 0
    assert source.report is not None
    assert source.report.invalid_subjects == 7
    source.close()


@pytest.mark.parametrize("kind", DATABASES)
def test_rare_character_or_accent_is_no_yes_about_another_name(servers: Databases, kind: str) -> None:
    names = ("ab", "AB") if kind == "mariadb in gbk" else ("王𠮷", "Wang é")
    rows = [(subject, name, *each[2:]) for subject, name, each in zip((X, BEN), names, ROWS, strict=False)]
    source = source_of(servers, kind, rows)
    asked = question("name-matches")

    for subject, name in zip((X, BEN), names, strict=True):
        for claim in ("王𠮶", "WANG E", "Wang e", "wang é", "Ab", "aB", "王𠮷x", name):
            verified = source.verify(asked, {}, "", [key(subject, name=claim)])
            assert list(verified) == [claim == name]
            assert list(source.field(question("name-equals"), {}, "", [key(subject, name=claim)])) == [
                "true" if claim == name else None
            ]
    source.close()
