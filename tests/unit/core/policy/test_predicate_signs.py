"""Conditions as others write them: each foreign sign, word, title and number is told with what to write."""

from __future__ import annotations

import pytest

from node.core.policy.dataset import Field, FieldType, Sensitivity
from node.core.policy.predicate import Scope, read_predicate
from node.core.policy.predicate_signs import SIGNS

FIELDS = {
    field.name: field
    for field in (
        Field("months_paid", "累计缴费月数", "Months paid", FieldType.INTEGER, Sensitivity.NORMAL),
        Field("months", "缴费月数", "Months", FieldType.INTEGER, Sensitivity.NORMAL),
        Field("status", "参保状态", "Status", FieldType.ENUM, Sensitivity.NORMAL, ("active", "在保")),
        Field("capital", "注册资本（万元）", "Capital", FieldType.INTEGER, Sensitivity.NORMAL),
    )
}


def _fault(text: str) -> tuple[str, int, str, str]:
    """Key, offset, words, and the sign, name or number that is to be written."""
    read = read_predicate(text, Scope(FIELDS, ("n",), ()))
    assert read.expression is None
    fault = read.faults[0]
    wanted = next(
        (fault.args[name] for name in ("sign", "narrow", "number", "closest") if fault.args.get(name)), ""
    )
    return fault.key, fault.offset, fault.words, wanted


@pytest.mark.parametrize(
    ("text", "words", "wanted"),
    [
        ("months_paid ≥ :n", "≥", ">="),
        ("months_paid≤:n", "≤", "<="),
        ("months_paid ≧ 1", "≧", ">="),
        ("months_paid ≠ 1", "≠", "<>"),
        ("months_paid => 1", "=>", ">="),
        ("months_paid =< 1", "=<", "<="),
        ("months_paid === 1", "===", "="),
        ("months_paid 大于等于 1", "大于等于", ">="),
        ("months_paid大于或等于1", "大于或等于", ">="),
        ("months_paid 不小于 1", "不小于", ">="),
        ("months_paid 不超过 1", "不超过", "<="),
        ("months_paid 小于 1", "小于", "<"),
        ("status 等于 'active'", "等于", "="),
        ("status 不等于 'active'", "不等于", "<>"),
        ("status 是 'active'", "是", "="),
        ("status 为在保", "为", "="),
        ("status 不是 'active'", "不是", "<>"),
        ("status 属于 ('active')", "属于", "IN"),
        ("status 为空", "为空", "IS NULL"),
        ("status 不为空", "不为空", "IS NOT NULL"),
        ("months > 1 且 months < 5", "且", "AND"),
        ("months > 1 并且 months < 5", "并且", "AND"),
        ("months > 1 或 months < 5", "或", "OR"),
        ("months > 1或者months < 5", "或者", "OR"),
        ("months > 1 && months < 5", "&&", "AND"),
        ("months > 1 || months < 5", "||", "OR"),
        ("months > 1；months < 5", "；", "AND"),
        ("months_paid ≮ 1", "≮", ">="),
        ("months_paid ≯ 1", "≯", "<="),
        ("months_paid 大于或者等于 1", "大于或者等于", ">="),
        ("months_paid 大於等於 1", "大於等於", ">="),
        ("status 不等於 'active'", "不等於", "<>"),
        ("months > 1 並且 months < 5", "並且", "AND"),
        ("months > 1 ＆＆ months < 5", "＆＆", "AND"),
        ("months > 1｜｜months < 5", "｜｜", "OR"),
        # As web pages and chat programs copy them.
        ("months_paid &gt;= 1", "&gt;=", ">="),
        ("months_paid &lt; 1", "&lt;", "<"),
        ("months &lt;&gt; 1", "&lt;&gt;", "<>"),
        ("months > 1 &amp;&amp; months < 5", "&amp;&amp;", "AND"),
        ("非 months > 1", "非", "NOT"),
        ("! months > 1", "!", "NOT"),
    ],
)
def test_a_sign_or_word_of_elsewhere_is_told_with_the_one_to_write(
    text: str, words: str, wanted: str
) -> None:
    assert _fault(text) == ("predicate.foreign-sign", text.index(words), words, wanted)


@pytest.mark.parametrize("sign", SIGNS)
def test_what_is_to_be_written_is_never_what_stands_there(sign: str) -> None:
    assert SIGNS[sign] != sign
    assert SIGNS[sign].isascii()


@pytest.mark.parametrize(
    ("text", "words", "name"),
    [
        ("累计缴费月数 >= :n", "累计缴费月数", "months_paid"),
        ("缴费月数 >= :n", "缴费月数", "months"),
        ("months > 1 AND 参保状态 = 'active'", "参保状态", "status"),
        ("注册资本（万元）> 5", "注册资本（万元）", "capital"),
        ("months > 缴费月数", "缴费月数", "months"),
        ("累计缴费月 >= :n", "累计缴费月", "months_paid"),
    ],
)
def test_a_title_in_a_condition_gets_the_name_of_its_field(text: str, words: str, name: str) -> None:
    assert _fault(text) == ("predicate.unknown-field", text.index(words), words, name)


@pytest.mark.parametrize(
    ("text", "words", "number"),
    [
        ("months > 50,000", "50,000", "50000"),
        ("months BETWEEN 1,000 AND 2,000", "1,000", "1000"),
        ("months > 1万", "1万", "10000"),
        ("months > 1.5万", "1.5万", "15000"),
        ("months IN (5) AND months < 10,000", "10,000", "10000"),
    ],
)
def test_a_number_of_forms_is_told_in_digits(text: str, words: str, number: str) -> None:
    assert _fault(text) == ("predicate.number", text.index(words), words, number)


def test_in_a_list_commas_part_numbers() -> None:
    for text in ("months IN (1,200,300)", "months NOT IN (5, 1,200)"):
        assert read_predicate(text, Scope(FIELDS, (), ())).expression is not None


@pytest.mark.parametrize(
    ("text", "words", "wanted"),
    [
        ("months > １２０", "１２０", "120"),
        ("ｍｏｎｔｈｓ > 1", "ｍｏｎｔｈｓ", "months"),
        ("status = ‘active’", "‘", "'"),
        ("status = 'active’", "’", "'"),
        ("status IN ('active’, '在保')", "’", "'"),
        ("status = “active”", "“", "'"),
        ("“months > 1”", "“", '"'),
        ("status IN ('active'、'在保')", "、", ","),
        ("status IN （'active'）", "（", "("),
        ("months ＞＝ 1", "＞", ">"),
        ("months ！= 1", "！", "!"),
        ("months > －1", "－", "-"),
        ("months > ：n", "：", ":"),
    ],
)
def test_a_wide_sign_is_told_with_the_plain_one(text: str, words: str, wanted: str) -> None:
    assert _fault(text) == ("predicate.full-width", text.index(words), words, wanted)


def test_a_text_without_quotes_is_told_to_need_them() -> None:
    assert _fault("status = 在保") == ("predicate.unquoted", 9, "在保", "")
    assert _fault("status IN (在保, 'active')")[0] == "predicate.unquoted"


def test_chinese_in_quotes_is_text() -> None:
    assert read_predicate("status = '在保'", Scope(FIELDS, (), ())).expression is not None


def test_a_word_that_only_begins_like_a_sign_is_none() -> None:
    for text in ("不动产面积 > 3", "是否在保 = 1", "在职人数 > 1"):
        assert _fault(text)[0] == "predicate.unknown-field"
