"""One reading of a predicate by two parsers, and no text at all that makes the checker crash."""

from __future__ import annotations

import duckdb
import sqlglot
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import exp
from support.examples import examples
from support.policy_samples import POLICY

from node.core.normal_form import normal_text
from node.core.policy.dataset import Field, FieldType, Sensitivity
from node.core.policy.policy import PolicyFile
from node.core.policy.predicate import Scope, read_predicate
from node.core.reading.build import check_files
from node.core.reading.document import read
from node.core.text.problem_kinds import problem_texts

FIELDS = {
    "status": Field("status", "x", "", FieldType.ENUM, Sensitivity.NORMAL, ("on", "off")),
    "months": Field("months", "x", "", FieldType.INTEGER, Sensitivity.NORMAL),
    "school": Field("school", "x", "", FieldType.TEXT, Sensitivity.NORMAL),
    "joined": Field("joined", "x", "", FieldType.DATE, Sensitivity.NORMAL),
}
SCOPE = Scope(FIELDS, ("n",), ())
_INTEGERS = st.integers(-(10**17), 10**17).map(str)
_TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12).map(
    lambda text: "'" + "".join(filter(str.isprintable, text.replace("\\", "").replace("'", "''"))) + "'"
)


def _comparisons() -> st.SearchStrategy[str]:
    sign = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
    number = _INTEGERS | st.just(":n") | st.just("months")
    return st.one_of(
        st.builds("months {} {}".format, sign, number),
        st.builds("months BETWEEN {} AND {}".format, number, number),
        st.builds("months NOT BETWEEN {} AND {}".format, number, number),
        st.builds("months IN ({})".format, st.lists(_INTEGERS, min_size=1, max_size=3).map(", ".join)),
        st.builds("school NOT IN ({})".format, st.lists(_TEXTS, min_size=1, max_size=3).map(", ".join)),
        st.builds("school {} {}".format, st.sampled_from(["=", "<>"]), _TEXTS),
        st.just("status = 'on'"),
        st.just("school IS NULL"),
        st.just("joined IS NOT NULL"),
        st.just("joined >= '2020-01-31'"),
    )


@st.composite
def _joined(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    how = draw(st.sampled_from([" AND ", " OR ", "NOT"]))
    if how == "NOT":
        return f"NOT ({draw(inner)})"
    parts = draw(st.lists(inner, min_size=2, max_size=3))
    bracketed = draw(st.booleans())
    return how.join(f"({p})" if bracketed or " AND " in p or " OR " in p else p for p in parts)


PREDICATES = st.recursive(_comparisons(), _joined, max_leaves=8)


@examples(150)
@given(PREDICATES)
@example("months = :n AND school = ''")
def test_a_predicate_means_to_us_what_it_means_to_sql(text: str) -> None:
    read_by_us = read_predicate(text, SCOPE)
    assert read_by_us.expression is not None, (text, read_by_us.faults)
    theirs = sqlglot.parse_one(text, read="sqlite").transform(_in_form)
    for name in theirs.find_all(exp.Identifier):
        name.set("quoted", True)
    assert read_by_us.expression.sql("sqlite") == theirs.sql("sqlite")
    for dialect in ("sqlite", "postgres"):
        again = sqlglot.parse_one(read_by_us.expression.sql(dialect), read=dialect)
        assert again.sql("sqlite") == read_by_us.expression.sql("sqlite")
    # sqlglot takes DuckDB's `$n` for the beginning of a text where a text stands behind it; DuckDB does not.
    (statement,) = duckdb.extract_statements(f"FROM register WHERE {read_by_us.expression.sql('duckdb')}")
    assert statement.named_parameters == set(read_by_us.placeholders)
    filled = read_by_us.expression.transform(_filled)
    assert sqlglot.parse_one(filled.sql("duckdb"), read="duckdb").sql("sqlite") == filled.sql("sqlite")


def _in_form(node: exp.Expression) -> exp.Expression:
    """Texts are compared in their form."""
    is_text = isinstance(node, exp.Literal) and node.is_string
    return exp.Literal.string(normal_text(node.name)) if is_text else node


def _filled(node: exp.Expression) -> exp.Expression:
    return exp.Literal.number(7) if isinstance(node, exp.Placeholder) else node


_WORDS = st.sampled_from(
    [
        *("status", "months", "'on'", "1", ":n", "=", "<>", "(", ")", ",", "AND", "OR", "NOT", "IN", "IS"),
        *("NULL", "BETWEEN", "--", ";", "'", "\\", "/*", "SELECT", "LIKE", "::", "lower(", "＝", "e1", "-"),
    ]
)
ALLOWED = (
    *(exp.And, exp.Or, exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In),
    *(exp.Between, exp.Is, exp.Null, exp.Column, exp.Identifier, exp.Literal, exp.Neg, exp.Placeholder),
)


@examples(500)
@given(st.lists(_WORDS, max_size=25).map(" ".join) | st.text(max_size=80))
def test_whatever_is_accepted_holds_nothing_but_the_grammar(text: str) -> None:
    found = read_predicate(text, SCOPE)
    for fault in found.faults:
        assert text[fault.offset : fault.offset + len(fault.words)] == fault.words
        assert fault.key in problem_texts("en")
    if found.expression is not None:
        for node in found.expression.walk():
            assert isinstance(node, ALLOWED)
            assert not isinstance(node, exp.Column) or node.name in FIELDS


# No text makes the checker crash, and every problem lies within the file.


def _mutated(text: str) -> st.SearchStrategy[str]:
    place = st.integers(0, len(text))
    junk = st.text(max_size=6) | st.sampled_from(
        [": ", "\n", "\t", "&a ", "*a", "[", "{", "}", "- ", "!!", "'", "%"]
    )
    return st.lists(st.tuples(place, st.integers(0, 12), junk), min_size=1, max_size=4).map(
        lambda edits: _apply(text, edits)
    )


def _apply(text: str, edits: list[tuple[int, int, str]]) -> str:
    for place, cut, junk in edits:
        text = text[:place] + junk + text[place + cut :]
    return text


@examples(200)
@given(_mutated(POLICY) | st.text(max_size=200))
def test_no_text_crashes_the_checker(text: str) -> None:
    content = text.encode("utf-8", "replace")
    lines = content.decode("utf-8-sig").split("\n")
    checked = check_files([PolicyFile("p.yaml", content)])
    assert (checked.policies is None) is bool(checked.problems)
    for problem in checked.problems:
        assert problem.render("en")
        assert problem.render("zh")
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@examples(200)
@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(content: bytes) -> None:
    document = read("f.yaml", content)
    assert (document.root is None) <= bool(document.problems)
