"""Predicates: what they may say, what they become in SQL, and what has no way in."""

from __future__ import annotations

import pytest
from support.work import work_of_at_most

from node.core.policy.dataset import Field, FieldType, Sensitivity
from node.core.policy.predicate import MAX_DEPTH, MAX_FAULTS, Predicate, Scope, read_predicate
from node.core.policy.predicate_tokens import MAX_TOKENS
from node.core.text.problem_kinds import problem_texts
from node.texts.wording import LANGUAGES


def _field(name: str, type_: FieldType, sensitivity: Sensitivity = Sensitivity.NORMAL) -> Field:
    values = ("active", "paused", "ended") if type_ is FieldType.ENUM else ()
    return Field(name, name, "", type_, sensitivity, values)


FIELDS = {
    field.name: field
    for field in (
        _field("status", FieldType.ENUM),
        _field("months_paid", FieldType.INTEGER),
        _field("months_due", FieldType.INTEGER),
        _field("name", FieldType.TEXT, Sensitivity.IDENTIFIER),
        _field("school", FieldType.TEXT),
        _field("joined_on", FieldType.DATE),
        _field("region", FieldType.REGION),
        _field("owner", FieldType.RESIDENT_ID, Sensitivity.IDENTIFIER),
        _field("select", FieldType.INTEGER),
        _field("date", FieldType.DATE),
    )
}
SCOPE = Scope(FIELDS, parameters=("n", "since"), claims=("name", "school"))


def _read(text: str) -> Predicate:
    return read_predicate(text, SCOPE)


def _sql(text: str) -> str:
    read = _read(text)
    assert read.expression is not None, read.faults
    return read.expression.sql("sqlite")


def _faults(text: str) -> list[tuple[str, int, str]]:
    read = _read(text)
    assert (read.expression is None) is bool(read.faults)
    for fault in read.faults:
        for lang in LANGUAGES:
            for template in problem_texts(lang)[fault.key]:
                template.format_map({"words": fault.words} | dict(fault.args))
    return [(fault.key, fault.offset, fault.words) for fault in read.faults]


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("status = 'active'", "\"status\" = 'active'"),
        ("months_paid<180", '"months_paid" < 180'),
        ("months_paid >= -5", '"months_paid" >= -5'),
        ("months_paid = months_due", '"months_paid" = "months_due"'),
        ("school = 'O''Brien'", "\"school\" = 'O''Brien'"),
        (
            "joined_on between '2020-02-29' and '2021-01-01'",
            "\"joined_on\" BETWEEN '2020-02-29' AND '2021-01-01'",
        ),
        ("months_paid NOT BETWEEN 1 AND :n", 'NOT "months_paid" BETWEEN 1 AND :n'),
        ("status IN ('active', 'paused')", "\"status\" IN ('active', 'paused')"),
        ("status not in ('ended')", "NOT \"status\" IN ('ended')"),
        ("months_paid IN (-1, 2)", '"months_paid" IN (-1, 2)'),
        ("name IS NULL", '"name" IS NULL'),
        ("name is not null", 'NOT "name" IS NULL'),
        ("name = :name", '"name" = :name'),
        ("region = '441900003'", "\"region\" = '441900003'"),
        (
            "months_paid < 1 AND months_due > 2 AND status <> 'ended'",
            '"months_paid" < 1 AND "months_due" > 2 AND "status" <> \'ended\'',
        ),
        (
            "months_paid < 1 OR (months_due > 2 AND status = 'ended')",
            '"months_paid" < 1 OR ("months_due" > 2 AND "status" = \'ended\')',
        ),
        ("NOT (months_paid < 1 OR months_due > 2)", 'NOT ("months_paid" < 1 OR "months_due" > 2)'),
        ("NOT status = 'ended'", "NOT \"status\" = 'ended'"),
        ("select = 1 AND date > '2020-01-01'", '"select" = 1 AND "date" > \'2020-01-01\''),
        ("school = 'x; DROP TABLE t --'", "\"school\" = 'x; DROP TABLE t --'"),
    ],
)
def test_what_a_predicate_becomes(text: str, sql: str) -> None:
    assert _sql(text) == sql


def test_names_and_placeholders_that_were_used_are_told() -> None:
    read = _read("months_paid >= :n AND name = :name AND joined_on > :since")
    assert read.fields == {"months_paid", "name", "joined_on"}
    types = {name: [field.type for field in fields] for name, fields in read.placeholders.items()}
    assert types == {"n": [FieldType.INTEGER], "name": [FieldType.TEXT], "since": [FieldType.DATE]}


@pytest.mark.parametrize(
    ("text", "key", "offset", "words"),
    [
        # Injection.
        ("1 = 1", "predicate.expected-field", 0, "1"),
        ("'a' = 'a'", "predicate.expected-field", 0, "'a'"),
        ("TRUE", "predicate.unknown-field", 0, "TRUE"),
        ("status = 'active' OR 1 = 1", "predicate.expected-field", 21, "1"),
        ("status = 'active'; DROP TABLE t", "predicate.character", 17, ";"),
        ("status = 'active' -- x", "predicate.expected-connector", 18, "-"),
        ("status = 'active' /* x */", "predicate.character", 18, "/"),
        ("status = 'active' UNION SELECT 1", "predicate.expected-connector", 18, "UNION"),
        ("months_paid IN (SELECT 1)", "predicate.expected-value", 16, "SELECT"),
        ("months_paid = (SELECT 1)", "predicate.expected-value", 14, "("),
        ("EXISTS (SELECT 1)", "predicate.function", 0, "EXISTS"),
        ("lower(school) = 'x'", "predicate.function", 0, "lower"),
        ("school = lower('x')", "predicate.function", 9, "lower"),
        ("status(1) = 'x'", "predicate.function", 0, "status"),
        ("school LIKE '%'", "predicate.expected-comparison", 7, "LIKE"),
        ("school GLOB '*'", "predicate.expected-comparison", 7, "GLOB"),
        ("school || 'x' = 'y'", "predicate.foreign-sign", 7, "||"),
        ("months_paid + 1 = 2", "predicate.character", 12, "+"),
        ("months_paid * 0 = 0", "predicate.character", 12, "*"),
        ("months_paid::text = 'x'", "predicate.character", 11, ":"),
        ("CAST(months_paid AS text) = 'x'", "predicate.function", 0, "CAST"),
        ("CASE WHEN status = 'x' THEN 1 END = 1", "predicate.unknown-field", 0, "CASE"),
        ("t.status = 'active'", "predicate.character", 1, "."),
        ("\"status\" = 'active'", "predicate.double-quote", 0, '"'),
        ("`status` = 'active'", "predicate.character", 0, "`"),
        ("[status] = 'active'", "predicate.character", 0, "["),
        ("status = $1", "predicate.character", 9, "$"),
        ("status = ?", "predicate.character", 9, "?"),
        ("status = @x", "predicate.character", 9, "@"),
        ("months_paid = 0x10", "predicate.expected-connector", 15, "x10"),
        ("months_paid = 1.5", "predicate.character", 15, "."),
        ("months_paid = 1e9", "predicate.expected-connector", 15, "e9"),
        ("school = E'\\x41'", "predicate.unknown-field", 9, "E"),
        ("school = 'a' 'b'", "predicate.expected-connector", 13, "'b'"),
        ("school = 'a\\'", "literal.text", 9, "'a\\'"),
        ("school = 'unterminated", "predicate.open-text", 9, "'"),
        # Grammar.
        ("", "predicate.ended", 0, ""),
        ("   ", "predicate.ended", 3, ""),
        ("status", "predicate.ended", 6, ""),
        ("status =", "predicate.ended", 8, ""),
        ("(status = 'active'", "predicate.expected", 18, ""),
        ("status = 'active')", "predicate.expected-connector", 17, ")"),
        ("status = 'active' AND", "predicate.ended", 21, ""),
        ("AND status = 'active'", "predicate.expected-field", 0, "AND"),
        ("status == 'active'", "predicate.foreign-sign", 7, "=="),
        ("status != 'active'", "predicate.foreign-sign", 7, "!="),
        ("status IS 'active'", "predicate.expected", 10, "'active'"),
        ("status = NULL", "predicate.null", 9, "NULL"),
        ("status NOT = 'active'", "predicate.expected", 11, "="),
        ("NOT NOT status = 'active'", "predicate.double-negation", 4, "NOT"),
        ("months_paid IN ()", "predicate.expected-value", 16, ")"),
        ("months_paid BETWEEN 1, 2", "predicate.expected", 21, ","),
        ("180 > months_paid", "predicate.expected-field", 0, "180"),
        ("status = 'active' AND months_paid < 1 OR months_paid > 2", "predicate.mixed", 38, "OR"),
        ("status ＝ 'active'", "predicate.full-width", 7, "＝"),
        ("status = ‘active’", "predicate.full-width", 9, "‘"),
        # Names and types.
        ("satus = 'active'", "predicate.unknown-field", 0, "satus"),
        ("Status = 'active'", "predicate.unknown-field", 0, "Status"),
        ("months_paid > :m", "predicate.unknown-placeholder", 14, ":m"),
        ("status = 'aktive'", "literal.enum", 9, "'aktive'"),
        ("status = active", "predicate.unknown-field", 9, "active"),
        ("months_paid = '180'", "literal.unquote", 14, "'180'"),
        ("school = 5", "literal.quote", 9, "5"),
        ("months_paid = 007", "literal.integer", 14, "007"),
        ("months_paid = 9999999999999999999", "literal.integer", 14, "9999999999999999999"),
        ("joined_on = '2021-02-29'", "literal.date", 12, "'2021-02-29'"),
        ("joined_on = '20210201'", "literal.date", 12, "'20210201'"),
        ("region = '44'", "literal.region", 9, "'44'"),
        ("region = '东城'", "literal.region", 9, "'东城'"),
        ("status > 'active'", "predicate.order", 0, "status"),
        ("school BETWEEN 'a' AND 'b'", "predicate.order", 0, "school"),
        ("months_paid = joined_on", "predicate.types", 14, "joined_on"),
        ("months_paid IN (:n)", "predicate.in-placeholder", 16, ":n"),
        # Identifiers and claims.
        ("name = '张三'", "predicate.identifier", 7, "'张三'"),
        ("name IN ('张三')", "predicate.identifier", 9, "'张三'"),
        ("name = :n", "predicate.identifier", 7, ":n"),
        ("name = school", "predicate.identifier", 7, "school"),
        ("school = name", "predicate.identifier", 9, "name"),
        ("name <> :name", "predicate.claim-equality", 8, ":name"),
        ("NOT name = :name", "predicate.claim-equality", 11, ":name"),
        ("NOT (months_paid = 1 AND (name = :name))", "predicate.claim-equality", 33, ":name"),
        ("school IN (:school)", "predicate.claim-equality", 11, ":school"),
        ("joined_on >= :name", "predicate.claim-equality", 13, ":name"),
        ("status = :name", "predicate.claim-type", 9, ":name"),
        ("months_paid = :name", "predicate.claim-type", 14, ":name"),
    ],
)
def test_what_is_refused_and_where(text: str, key: str, offset: int, words: str) -> None:
    assert _faults(text)[0] == (key, offset, words)


def test_a_claim_may_follow_a_negated_part() -> None:
    assert _faults("NOT status = 'ended' AND name = :name") == []


def test_all_faults_of_meaning_are_found_at_once() -> None:
    found = _faults("satus = 'x' AND months_paid = 'x' AND name <> :name")
    assert [key for key, _, _ in found] == [
        "predicate.unknown-field",
        "literal.unquote",
        "predicate.claim-equality",
    ]


def test_depth_is_bounded() -> None:
    def nested(depth: int) -> str:
        return "(" * depth + "status = 'ended'" + ")" * depth

    assert _faults(nested(MAX_DEPTH)) == []
    assert [key for key, _, _ in _faults(nested(MAX_DEPTH + 1))] == ["predicate.too-deep"]
    assert [key for key, _, _ in _faults("NOT (" * 50 + "status = 'ended'" + ")" * 50)] == [
        "predicate.too-deep"
    ]


def test_length_is_bounded() -> None:
    clause = "status = 'ended'"
    assert _faults(" AND ".join([clause] * (MAX_TOKENS // 4))) == []
    assert [key for key, _, _ in _faults(" AND ".join([clause] * MAX_TOKENS))] == ["predicate.too-long"]


@pytest.mark.parametrize(
    "text", ["'" * 100_000, "(" * 100_000, "months_paid = " + "9" * 100_000, "a" * 100_000, " " * 100_000]
)
def test_hostile_length_costs_little(text: str) -> None:
    with work_of_at_most(2):
        assert _read(text).expression is None


def test_faults_are_bounded() -> None:
    assert len(_faults(" AND ".join(["nowhere = 1"] * 50))) == MAX_FAULTS
