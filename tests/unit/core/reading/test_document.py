"""The restricted YAML: what it refuses, where it says so, and that nothing is guessed."""

from __future__ import annotations

import pytest
import yaml
from support.work import work_of_at_most

from node.core.reading import document
from node.core.reading.document import MAX_BYTES, Plain, read
from node.core.text.problem import Problem
from node.texts.wording import Language


def _problem(text: str | bytes) -> Problem:
    found = read("f.yaml", text if isinstance(text, bytes) else text.encode()).problems
    assert len(found) == 1, found
    return found[0]


def _place(text: str | bytes) -> tuple[str, int, int]:
    problem = _problem(text)
    return problem.key, problem.line, problem.column


def test_scalars_keep_the_text_that_was_written() -> None:
    text = "[no, on, Yes, null, ~, 2026-01-31, 0o17, 010, 1_000, 1.0, .inf, 12:30, 'quoted']"
    root = read("f.yaml", text.encode()).root
    assert root == text.strip("[]").replace("'", "").split(", ")
    assert isinstance(root, list)
    assert [isinstance(each, Plain) for each in root] == [True] * 12 + [False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", ("yaml.duplicate-key", 3, 1)),
        ("a: {b: 1, b: 2}\n", ("yaml.duplicate-key", 1, 11)),
        ("a: &x 1\n", ("yaml.anchor", 1, 4)),
        ("a: *x\n", ("yaml.alias", 1, 4)),
        ("a: !!python/object:os.system x\n", ("yaml.tag", 1, 4)),
        ("a: !x {}\n", ("yaml.tag", 1, 4)),
        ("a:\n  <<: {b: 1}\n", ("yaml.merge-key", 2, 3)),
        ("a: 1\n---\nb: 2\n", ("yaml.documents", 2, 1)),
        ("%YAML 1.1\n---\na: 1\n", ("yaml.directive", 1, 1)),
        ("a:\nb: 1\n", ("yaml.empty-value", 1, 3)),
        ("a: 1\n? [b]\n: 1\n", ("yaml.key-not-text", 2, 3)),
        ("a:\n  b: 1\n\tc: 2\n", ("yaml.tab", 3, 1)),
        ("b: 1\na: [1, 2\n\n", ("yaml.open-bracket", 2, 4)),
        ("a: 1\nb：2\nc: 3\n", ("yaml.wide-colon", 2, 2)),
        ("a: 1\nb：\n  c: 2\n", ("yaml.wide-colon", 2, 2)),
        ("a: {b: 甲：乙，c: 丙}\n", ("yaml.full-width", 1, 11)),
        ("a: ｛b: [1]｝\n", ("yaml.full-width", 1, 4)),
        ("a: {b: 1｝\n", ("yaml.full-width", 1, 9)),
        ("a: “b: c”\n", ("yaml.full-width", 1, 4)),
        ("a: 1\n＃ 说明\nb: 2\n", ("yaml.full-width", 2, 1)),
        ("a:\n  b: 1\n　　c: 2\n  d: 3\n", ("yaml.wide-blank", 3, 1)),
        ("a: 1\nb:\u00a02\nc: 3\n", ("yaml.wide-blank", 2, 3)),
        ("a: [甲，乙]\n", ("yaml.list-comma", 1, 6)),
        ("a:\n  - 甲、乙\n", ("yaml.list-comma", 2, 6)),
        ("a: 1\nb:2\nc: 3\n", ("yaml.colon-blank", 2, 2)),
        ("a: 1\nb\nc: 3\n", ("yaml.no-colon", 2, 1)),
        ("a: 1\n: 2\n", ("yaml.key-empty", 2, 1)),
        ("a:\n  b: 1\n c: 2\n", ("yaml.indentation", 3, 2)),
        ("a: 1\n  b: 2\n", ("yaml.indentation", 2, 4)),
        ("a: b（甲：乙）: 2\n", ("yaml.colon-in-text", 1, 10)),
        ("a: {b: [1}\n", ("yaml.open-bracket", 1, 10)),
        ("a: %\n", ("yaml.first-sign", 1, 4)),
        ("", ("yaml.empty-file", 1, 1)),
        ("# nothing\n", ("yaml.empty-file", 1, 1)),
        ("a: 1\nb: \x07\n", ("file.unseen-character", 2, 4)),
        ("a: 中\u200b文\n", ("file.unseen-character", 1, 5)),
        ("a: \u202eevil\n", ("file.unseen-character", 1, 4)),
        ("a: 1\rb: 2\n", ("file.unseen-character", 1, 5)),
        (b"a: 1\nb: \xff\n", ("file.not-utf8", 2, 4)),
        ("a: 1\n".encode("utf-16"), ("file.encoding", 1, 1)),
        (b"a" * (MAX_BYTES + 1), ("file.too-large", 1, 1)),
    ],
)
def test_refused_with_its_place(text: str | bytes, expected: tuple[str, int, int]) -> None:
    assert _place(text) == expected


def test_full_width_signs_are_welcome_in_text() -> None:
    text = "a: 甲：乙，丙、丁【戊】\nb: {c: （甲、乙）“丙”, d: ['甲，乙']}\n"
    found = read("f.yaml", text.encode())
    assert (found.problems, found.root) == (
        [],
        {"a": "甲：乙，丙、丁【戊】", "b": {"c": "（甲、乙）“丙”", "d": ["甲，乙"]}},
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_full_width_colon_is_named_with_the_one_to_type(lang: Language) -> None:
    problem = _problem("a: 1\nb：2\nc: 3\n")
    assert problem.words == "："
    assert ":" in problem.hint_in(lang)
    assert "expected" not in problem.message_in(lang)


@pytest.mark.parametrize(
    "line", ["{a: ", "a：", "，a", "｛", "［ ", "　", "'", "甲，", "- ", '"x', "＃ ", "，, "]
)
def test_what_is_at_fault_in_a_line_of_a_megabyte_is_said_at_once(line: str) -> None:
    with work_of_at_most(5):
        read("f.yaml", ("[1: " + line * (1_000_000 // len(line.encode()))).encode())


def test_the_first_of_duplicate_keys_is_named() -> None:
    assert dict(_problem("a: 1\nb: 2\na: 3\n").args)["first"] == "1"


def test_several_problems_are_found_at_once() -> None:
    found = read("f.yaml", b"a: 1\na: 2\nb:\nc: 1\nc: 1\n").problems
    assert [(each.key, each.line) for each in found] == [
        ("yaml.duplicate-key", 2),
        ("yaml.empty-value", 3),
        ("yaml.duplicate-key", 5),
    ]


@pytest.mark.parametrize("bomb", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_deep_nesting_ends_at_once(bomb: str) -> None:
    with work_of_at_most(5):
        assert _problem(bomb).key in ("yaml.too-deep", "yaml.key-not-text")


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert _place(bomb) == ("yaml.anchor", 1, 4)


def test_a_byte_order_mark_and_crlf_are_taken() -> None:
    found = read("f.yaml", b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert (found.root, found.problems) == ({"a": "1", "b": "2"}, [])


def test_places_are_the_same_without_the_c_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: {b: 1, b: 2}\nc:\n  - 中文\n  - \nd: 'it''s'\n"
    fast = read("f.yaml", text.encode())
    monkeypatch.setattr(document, "_LOADER", yaml.SafeLoader)
    plain = read("f.yaml", text.encode())
    assert (plain.root, plain.keys, plain.problems) == (fast.root, fast.keys, fast.problems)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("q: status = 'x'\n", 1, 13),
        ("q: \"status = 'x'\"\n", 1, 14),
        ("q: 'status = ''x'''\n", 1, 14),
        ("q: >\n  status\n  = 'x'\n", 3, 5),
        ("q: |-\n    status =\n\n      'x'\n", 4, 7),
        ("q: status\n  =\n  'x'\n", 3, 3),
        ("  q: 状态 \U0001f600 'x'\n", 1, 11),
    ],
)
def test_a_place_within_text_survives_quoting_and_folding(text: str, line: int, column: int) -> None:
    found = read("f.yaml", text.encode())
    value = found.at(("q",))
    assert isinstance(value, str)
    problem = found.problem_within("predicate.character", ("q",), value.index("'x'"), "'x'")
    assert (problem.line, problem.column) == (line, column)
