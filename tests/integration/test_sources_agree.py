"""One contract for all data sources: the same rows give the same answers, wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.kinds import FILES, KINDS, Source, open_source
from support.live import Databases
from support.register import ANN, BEN, COUNTER, DAN, EVE, KEY, NOBODY, ROWS, dataset, key, question, write_csv
from support.told import all_english

from node.core.policy.question_kind import QuestionKind
from node.core.stop import Stop
from node.core.subject import Unclear
from node.errors import NodeError, Reason
from node.source.open import open_file
from node.source.spec import Exactness, FileSpec

WIDE = {code: code + 0xFEE0 for code in (*range(0x41, 0x5B), *range(0x61, 0x7B))}
EVERYBODY = [ANN, BEN, EVE, DAN, NOBODY]


# The others have what they differ by in the tests further down.
USUAL = (
    *FILES,
    "sqlite",
    "sqlite without key",
    "postgresql",
    "postgresql without key",
    "mariadb without key",
)
ALL = [
    kind if kind in USUAL else pytest.param(kind, marks=pytest.mark.full("every collation takes long"))
    for kind in KINDS
]


@pytest.fixture(scope="module", params=ALL)
def source(
    request: pytest.FixtureRequest, servers: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Source]:
    opened = open_source(request.param, servers, tmp_path_factory.mktemp("source"))
    yield opened
    opened.close()


def _ask(
    source: Source, name: str, subjects: list[str], region: str = "", **parameters: str
) -> list[bool | str | Unclear | None]:
    """One by one and all at once must agree."""
    asked = question(name)
    ask = source.verify if asked.kind is QuestionKind.VERIFY else source.field
    singly = [ask(asked, parameters, region, [key(subject)])[0] for subject in subjects]
    assert list(ask(asked, parameters, region, [key(subject) for subject in subjects])) == singly
    return singly


@pytest.mark.parametrize(
    ("name", "parameters", "answers"),
    [
        ("is-active", {}, [True, False, True, False, False]),
        ("is-odd", {}, [False, False, False, True, False]),
        ("not-active", {}, [False, True, False, True, False]),
        ("months-at-least", {"n": "60"}, [True, True, False, False, False]),
        ("since-before", {"day": "2021-01-01"}, [True, True, False, False, False]),
        ("note-empty", {}, [False, True, False, False, False]),
        ("band", {}, [">120", "[60,120]", "[0,60)", None, None]),
        ("year", {}, ["2019", "2020", "2021", None, None]),
        ("name-masked", {}, ["王****", "李****", "欧****", None, None]),
        ("county", {}, ["441900", "441900", "441900", None, None]),
        ("tens", {}, ["150", "60", "0", None, None]),
        ("has-note", {}, ["true", None, "true", "true", None]),
        ("note-plain", {}, ['甲, "乙"', None, "a: b :n", "x", None]),
    ],
)
def test_answers(source: Source, name: str, parameters: dict[str, str], answers: list[object]) -> None:
    assert _ask(source, name, EVERYBODY, **parameters) == answers


@pytest.mark.parametrize(
    ("region", "answers"),
    [
        ("441900003", [True, False, True, False, False]),
        ("441900004", [False, False, False, False, False]),
        ("441900003001", [False, False, True, False, False]),
        ("44", [True, False, True, False, False]),
        ("000000", [True, False, True, False, False]),
        ("110000", [False] * 5),
    ],
)
def test_subjects_outside_the_region_are_unknown(source: Source, region: str, answers: list[bool]) -> None:
    assert _ask(source, "is-active", EVERYBODY, region) == answers


@pytest.mark.parametrize(
    ("name", "claims", "answers"),
    [
        (
            "name-matches",
            [{"name": " 王小芳 "}, {"name": "王小芳"}, {"name": ""}, {}],
            [True, False, False, False],
        ),
        (
            "name-matches",
            [{"name": "' OR 1=1 --"}, {"name": ":name"}, {"name": "x\x00"}],
            [False, False, False],
        ),
        (
            "partner-matches",
            [{"partner": BEN.lower()}, {"partner": ANN}, {"partner": "no number"}],
            [True, False, False],
        ),
        ("name-equals", [{"name": "王小芳"}, {"name": "王"}, {}, {"name": "x"}], ["true", None, None, None]),
    ],
)
def test_claims_match_only_the_subject_they_are_made_about(
    source: Source, name: str, claims: list[dict[str, str]], answers: list[object]
) -> None:
    asked = question(name)
    subjects = [key(subject, **claim) for subject, claim in zip(EVERYBODY, claims, strict=False)]
    ask = source.verify if asked.kind is QuestionKind.VERIFY else source.field

    assert list(ask(asked, {}, "", subjects)) == answers
    assert [ask(asked, {}, "", [subject])[0] for subject in subjects] == answers


@pytest.mark.parametrize(
    ("name", "region", "counts"),
    [
        ("people", "", {(): 4}),
        ("named", "", {(): 3}),
        ("people", "441900003", {(): 2}),
        ("by-region", "", {("441900003",): 2, ("441900004",): 1}),
        ("by-region", "441900004", {("441900003",): 0, ("441900004",): 1}),
        (
            "by-region-and-status",
            "",
            {
                ("441900003", "active"): 1,
                ("441900003", "paused"): 0,
                ("441900003", "o'clock: x"): 0,
                ("441900004", "active"): 0,
                ("441900004", "paused"): 1,
                ("441900004", "o'clock: x"): 0,
            },
        ),
    ],
)
def test_counts_fill_every_declared_cell(
    source: Source, name: str, region: str, counts: dict[tuple[str, ...], int]
) -> None:
    assert dict(source.count(question(name), {}, region, Stop())) == counts


def test_thousand_subjects_are_answered_in_their_order(source: Source) -> None:
    subjects = [key(EVERYBODY[number % 5]) for number in range(1000)]

    assert source.verify(question("is-active"), {}, "", subjects) == [True, False, True, False, False] * 200


def test_many_threads_get_the_same_answers(source: Source) -> None:
    subjects = [key(subject) for subject in EVERYBODY]

    def ask(number: int) -> Sequence[bool | Unclear]:
        return source.verify(question("is-active"), {}, "", subjects if number % 2 else subjects[:1])

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(ask, range(200)))

    assert answers == [[True], [True, False, True, False, False]] * 100


@pytest.mark.parametrize("parameters", [{}, {"n": ""}, {"n": "60 OR 1=1"}])
def test_missing_or_malformed_parameter_is_refused(source: Source, parameters: dict[str, str]) -> None:
    with pytest.raises(NodeError) as refused:
        source.verify(question("months-at-least"), parameters, "", [key(ANN)])

    assert refused.value.reason is Reason.QUERY_INVALID
    assert "OR" not in str(refused.value)


def test_verification_is_no_statistic(source: Source) -> None:
    with pytest.raises(NodeError) as refused:
        source.count(question("is-active"), {}, "", Stop())

    assert refused.value.reason is Reason.QUERY_INVALID


def test_sound_source_reports_its_rows_and_checks(source: Source) -> None:
    source.check()
    report = source.report

    assert report is not None
    assert (report.rows, report.duplicates, report.read) == (4, 0, 4)
    assert report.adds_up
    assert source.exactness in (Exactness.READ, Exactness.CHECKED)
    assert source.problems() == ()


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_compared_character_by_character(servers: Databases, kind: str, tmp_path: Path) -> None:
    """Whatever the collation: rare characters, accents, case and blanks between letters are told apart."""
    names = (
        ["Wang e", "王x", "Strasse", "ab"] if kind == "mariadb in gbk" else ["Wang é", "王𠮷", "Straße", "ab"]
    )
    others = [
        ["Wang E", "WANG É", "Wang è", "wang é", "Wang e\u0301x", "Wangé"],
        ["王𠮶", "王吉", "王", "王X", "王 𠮶"],
        ["STRASSE", "Strase", "straße", "Straßé"],
        ["AB", "a", "abb", "a b", "ａ b", "a-b", "a%", "_b", "á", "a\u200bB"],
    ]
    rows = [(subject, name, *row[2:]) for subject, name, row in zip(EVERYBODY, names, ROWS, strict=False)]
    source = open_source(kind, servers, tmp_path, rows)
    asked = question("name-matches")

    for subject, name, unlike in zip(EVERYBODY, names, others, strict=False):
        alike = (name, f" {name} ", f"\u200e{name}", name.translate(WIDE))
        subjects = [key(subject, name=claim) for claim in (*alike, *unlike)]
        wanted = [*[True] * len(alike), *[False] * len(unlike)]
        assert list(source.verify(asked, {}, "", subjects)) == wanted
        assert [source.verify(asked, {}, "", [each])[0] for each in subjects] == wanted
    source.close()


@pytest.mark.parametrize("kind", KINDS)
def test_value_that_is_not_closed_is_no_closed_value(servers: Databases, kind: str, tmp_path: Path) -> None:
    """A file counts it as empty; of a live database the column is refused: nowhere is it a yes."""
    rows = [(ANN, "x", "ACTIVE", *ROWS[0][3:]), (BEN, "x", "active", *ROWS[1][3:])]
    source = open_source(kind, servers, tmp_path, rows)

    if kind in FILES:
        assert _ask(source, "is-active", [ANN, BEN]) == [False, True]
        assert (
            dict(source.count(question("by-region-and-status"), {}, "", Stop()))["441900003", "active"] == 0
        )
    else:
        (problem,) = all_english(source.problems())
        assert problem.startswith("the column status has 1 value in another form than its type's: ")
        for refused in ("is-active", "not-active", "partner-matches"):
            with pytest.raises(NodeError) as error:
                source.verify(question(refused), {}, "", [key(BEN)])
            assert error.value.reason is Reason.SOURCE_UNAVAILABLE
        with pytest.raises(NodeError):
            source.count(question("by-region-and-status"), {}, "", Stop())
    assert _ask(source, "months-at-least", [ANN, BEN], n="60") == [True, True], (
        "other columns are answered from"
    )
    assert dict(source.count(question("people"), {}, "", Stop())) == {(): 2}
    source.close()


def test_closed_source_says_so(tmp_path: Path) -> None:
    opened = open_file(
        FileSpec(write_csv(tmp_path / "r.csv"), "csv"),
        dataset(),
        tmp_path,
        KEY,
        lambda done, total: None,
        COUNTER,
    )
    opened.close()

    with pytest.raises(NodeError) as refused:
        opened.verify(question("is-active"), {}, "", [key(ANN)])

    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
