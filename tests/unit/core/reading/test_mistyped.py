"""Words that only look right in a policy, and titles and numbers where others are taken: what is said."""

from __future__ import annotations

import pytest
from support.policy_samples import CLEAN, POLICY, problems

from node.core.policy.policy import PolicyFile
from node.core.reading.build import check_files
from node.core.reading.document import read
from node.core.text.problem import Problem


def _the(old: str, new: str) -> Problem:
    assert old in POLICY
    (found,) = problems(POLICY.replace(old, new, 1))
    return found


@pytest.mark.parametrize("blank", ["\u00a0", "\u3000", "\u2003", "\u202f"])
@pytest.mark.parametrize(("old", "new"), [("daily", "daily{}"), ("daily", "{}daily"), ("daily", "'daily{}'")])
def test_a_blank_of_another_kind_at_a_value_is_named_and_not_the_value(
    blank: str, old: str, new: str
) -> None:
    found = _the(f"update: {old}", f"update: {new.format(blank)}")
    assert (found.key, dict(found.args)["code"]) == ("yaml.wide-blank", f"U+{ord(blank):04X}")
    assert "did you mean" not in found.hint


@pytest.mark.parametrize("unseen", ["\u200b", "\u2060", "\ufe0f", "\u2800", "\u034f", "\U000e0100"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("update: daily", "update: daily{}"),
        ("update: daily", "update: 'dai{}ly'"),
        ("[is-enrolled]", "[is-enrolled{}]"),
        ("for: [social-insurance/pension]", "for: [{}social-insurance/pension]"),
        ("provider: 11441900000000019Y", "provider: 11441900000000019Y{}"),
        ("{per_day: 5000,", "{{per_day: 5000{},"),
        ("personal: true", "person{}al: true"),
    ],
)
def test_a_character_that_cannot_be_seen_is_named_and_not_what_looks_right(
    unseen: str, old: str, new: str
) -> None:
    found = problems(POLICY.replace(old, new.format(unseen), 1))
    told = {each.key: dict(each.args).get("code") for each in found}
    assert told.get("file.unseen-character") == f"U+{ord(unseen):04X}"
    assert not any("did you mean" in each.hint for each in found)


def test_an_ordinary_blank_within_quotes_is_named() -> None:
    found = _the("update: daily", "update: ' daily '")
    assert (found.key, found.hint) == ("value.blank-around", "write it as daily")


@pytest.mark.parametrize("comment", [" ＃ x", "\u3000# x", "\u00a0# x"])
def test_a_comment_that_became_a_part_of_a_title_is_told(comment: str) -> None:
    found = _the("title: 基本养老保险参保信息", f"title: 基本养老保险参保信息{comment}")
    assert found.key in ("yaml.full-width", "yaml.wide-blank")


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [
        ("{per_day: 5000,", "{per_day: 50,000,", "50000"),
        ("{per_day: 5000,", "{per_day: 1,000,000,", "1000000"),
        ("{per_day: 5000,", "{per_day: 5万,", "50000"),
        ("{per_day: 5000,", "{per_day: +5000,", "5000"),
        ("range: [0, 720]", "range: [0, 1,000]", "1000"),
        ("range: [0, 720]", "range: [0, 50,000]", "50000"),
        ("epsilon: 0.5", "epsilon: 0,5", "0.5"),
        ("{dataset: 10,", "{dataset: 1,5,", "1.5"),
    ],
)
def test_a_number_of_forms_is_told_once_with_its_digits(old: str, new: str, meant: str) -> None:
    found = _the(old, new)
    assert dict(found.args).get("closest", "") == meant


def test_two_numbers_that_a_comma_parts_are_two() -> None:
    assert problems(CLEAN.replace("range: [0, 720]", "range: [0,720]")) == ()
    assert read("f.yaml", b"a: [60,120,180]\n").problems == []


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [
        ("update: daily", "update: 每日", "daily"),
        ("format: database", "format: 数据库", "database"),
        ("attribute: conditional", "attribute: 有条件共享", "conditional"),
        ("modes: [interface, batch]", "modes: [服务接口, batch]", "interface"),
        ("type: integer", "type: 整数", "integer"),
        ("sensitivity: sensitive", "sensitivity: 敏感", "sensitive"),
        ("personal: true", "personal: 是", "true"),
        ("period: year", "period: 年", "year"),
        ("group_by: [region]", "group_by: [参保地]", "region"),
        ("field: months_paid", "field: 累计缴费月数", "months_paid"),
        ("allow: [is-enrolled]", "allow: [是否参保]", "is-enrolled"),
    ],
)
def test_a_title_or_the_word_of_a_form_gets_the_name_that_is_meant(old: str, new: str, meant: str) -> None:
    text = POLICY.replace("is-enrolled: {title: q", "is-enrolled: {title: 是否参保")
    found = next(iter(problems(text.replace(old, new, 1))))
    assert found.hint == f"did you mean '{meant}'?"
    assert found.hint_in("zh") == f"是否想写“{meant}”？"


def test_titles_of_the_definitions_beside_a_policy_are_known_too() -> None:
    definitions = PolicyFile(
        "definitions.yaml",
        "purposes:\n  social-insurance: {title: 社会保险, title_en: Social insurance}\n"
        "departments:\n  offices: {title: 各窗口, title_en: Offices, departments: [11441900000000035L]}\n"
        "bands:\n  months: [0, 60]\n".encode(),
    )
    text = POLICY.replace("for: [social-insurance/pension]", "for: [社会保险]")
    text = text.replace("to: {any: true}", "to: {groups: [各窗口]}")
    found = check_files([PolicyFile("p.yaml", text.encode()), definitions]).problems
    meant = {dict(each.args).get("closest") for each in found if each.key.endswith("spelling")}
    assert meant == {"social-insurance", "offices"}


@pytest.mark.parametrize(
    ("content", "key", "encoding"),
    [
        (POLICY.encode("utf-16"), "file.encoding", "UTF-16"),
        (POLICY.encode("utf-16-le"), "file.encoding", "UTF-16"),
        (POLICY.encode("utf-16-be"), "file.encoding", "UTF-16"),
        (POLICY.encode("utf-32"), "file.encoding", "UTF-32"),
        (POLICY.encode("gb18030"), "file.encoding", "GB 18030 (GBK, ANSI)"),
        (
            ("# " + "x" * 70_000 + "\ntitle: 养老\n").encode("gb18030"),
            "file.encoding",
            "GB 18030 (GBK, ANSI)",
        ),
        ("title: café crème\n".encode("latin-1"), "file.not-utf8", ""),
        (b"PK\x03\x04" + bytes(range(256)), "file.no-text", ""),
    ],
)
def test_a_file_in_another_encoding_is_told_in_which(content: bytes, key: str, encoding: str) -> None:
    (found,) = read("p.yaml", content).problems
    assert (found.key, dict(found.args).get("encoding", "")) == (key, encoding)
    assert "UTF-8" in found.hint
    assert "UTF-8" in found.hint_in("zh")
