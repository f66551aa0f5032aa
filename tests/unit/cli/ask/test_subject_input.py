"""Claims about how a subject gets into a command, and where it must not show up."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cli_run import at_a_terminal, dxnode
from support.fake_catalogue import PURPOSE
from support.fake_desk import BY_CHANCE, VERIFY, FakeDesk, claims_of, grant_message, resident

ASK = ("verify", VERIFY, "--purpose", PURPOSE, "--case", "DG-1")


def test_subject_and_claims_come_from_stdin(desk: FakeDesk, address: str) -> None:
    ran = dxnode(*ASK, "--desk", address, "--subject-from", "-", stdin=f"{resident(5)}\nname = 张三\n\n")
    assert ran.code == 0
    assert desk.asked[0].subject.id == resident(5)
    assert claims_of(desk.asked[0]) == {"name": "张三"}


def test_subject_in_another_spelling_is_normalised(desk: FakeDesk, address: str) -> None:
    spelled = " ".join(resident(2).lower())
    assert dxnode(*ASK, "--desk", address, stdin=spelled).code == 0
    assert desk.asked[0].subject.id == resident(2)


@pytest.mark.parametrize(
    "written",
    [
        "\u202a{}\u202c",
        "\ufeff\ufeff{}",
        "\u2800{}\u200e",
        '="{}"',
        "'{}",
        "{}\t",
        "\u2066{}\u2069\u3000",
        "\n \u200b\n{}",
    ],
)
def test_subject_is_read_as_forms_pages_and_spreadsheets_give_it(
    tmp_path: Path, desk: FakeDesk, address: str, written: str
) -> None:
    given = written.format(resident(2)) + "\nname=\u202a某某\u202c\n"
    (tmp_path / "subject").write_text(given, "utf-8")
    assert dxnode(*ASK, "--desk", address, "--subject-from", tmp_path / "subject").code == 0
    assert dxnode(*ASK, "--desk", address, stdin=given).code == 0
    assert [each.subject.id for each in desk.asked] == [resident(2)] * 2
    assert claims_of(desk.asked[1]) == {"name": "某某"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
def test_name_is_claimed_in_whatever_encoding_it_was_saved(
    tmp_path: Path, desk: FakeDesk, address: str, encoding: str
) -> None:
    (tmp_path / "subject").write_text(f"{resident(2)}\nname=陈文\n", encoding)
    assert dxnode(*ASK, "--desk", address, "--subject-from", tmp_path / "subject").code == 0
    assert claims_of(desk.asked[0]) == {"name": "陈文"}


def test_name_that_is_another_one_in_another_encoding_is_not_claimed(
    tmp_path: Path, desk: FakeDesk, address: str
) -> None:
    (tmp_path / "subject").write_text(f"{resident(2)}\nname=某某\n", "gb18030")
    ran = dxnode(*ASK, "--desk", address, "--subject-from", tmp_path / "subject")
    assert (ran.code, "byte order mark" in ran.err, desk.asked) == (2, True, [])


def test_credit_code_is_a_subject_too(desk: FakeDesk, address: str) -> None:
    assert dxnode(*ASK, "--desk", address, stdin="11441900000000019y").code == 0
    assert desk.asked[0].subject.id == "11441900000000019Y"


@pytest.mark.parametrize(
    ("lang", "wrong", "told"),
    [
        ("en", BY_CHANCE, "the dataset is about people, and this is a credit code"),
        ("zh", BY_CHANCE, "该数据集的核验对象是自然人，而给出的是统一社会信用代码"),
        ("en", resident(2)[:17] + "?", "the resident identity number has a character that is not a digit"),
        ("en", "11441900000000019Y", "the dataset is about people, and this is a credit code"),
    ],
)
@pytest.mark.parametrize("command", ["verify", "ask"])
def test_identifier_of_another_kind_than_the_datasets_is_not_sent(
    desk: FakeDesk, address: str, command: str, lang: str, wrong: str, told: str
) -> None:
    desk.grants["g-1"] = grant_message(subject_type="resident_id")
    asked = (command, VERIFY, "--purpose", PURPOSE, "--case", "DG-1", "--desk", address, "--lang", lang)
    ran = dxnode(*asked, stdin=f"{wrong}\n")
    assert (ran.code, told in ran.err, wrong in ran.err, desk.asked) == (2, True, False, [])


def test_organisation_is_asked_about_by_its_code(desk: FakeDesk, address: str) -> None:
    desk.grants["g-1"] = grant_message(subject_type="credit_code")
    assert dxnode(*ASK, "--desk", address, stdin="n2441900mf0000001r\n").code == 0
    assert desk.asked[0].subject.id == "N2441900MF0000001R"
    ran = dxnode(*ASK, "--desk", address, stdin=f"{resident(2)}\n")
    assert "about organisations, and this is a resident identity number" in ran.err


def test_no_command_takes_a_subject_on_its_command_line(desk: FakeDesk, address: str) -> None:
    ran = dxnode(*ASK, resident(1), "--desk", address)
    assert ran.code == 2
    assert desk.asked == []
    assert resident(1) not in ran.err


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    "slip", [["{id}"], ["张三"], ["x{id}y"], ["--subject={id}"], ["--subject-from", "{id}"]]
)
def test_personal_data_typed_where_they_do_not_belong_are_not_repeated(slip: list[str], lang: str) -> None:
    given = [each.format(id=resident(1)) for each in slip]
    for as_json in ((), ("--json",)):
        ran = dxnode(*ASK, *given, "--lang", lang, *as_json)
        assert ran.code == 2
        assert resident(1) not in ran.out + ran.err
        assert "张三" not in ran.out + ran.err


@pytest.mark.parametrize(("lang", "said"), [("en", "name of a claim alone"), ("zh", "只写申报项的名称")])
@pytest.mark.parametrize("command", ["verify", "ask"])
def test_value_of_a_claim_does_not_belong_on_the_command_line(
    desk: FakeDesk, address: str, command: str, lang: str, said: str
) -> None:
    ask = (command, VERIFY, "--purpose", PURPOSE, "--case", "DG-1", "--desk", address, "--lang", lang)
    ran = dxnode(*ask, "--claim", "name=张三", stdin=f"{resident(2)}\n")
    assert (ran.code, said in ran.err, "张三" in ran.err, desk.asked) == (2, True, False, [])


@pytest.mark.parametrize(
    "stdin", ["", "\n", "44190019900101001", f"{resident(1)}\nname\n", f"{resident(1)}\n=x\n"]
)
def test_malformed_input_is_refused_without_repeating_it(desk: FakeDesk, address: str, stdin: str) -> None:
    ran = dxnode(*ASK, "--desk", address, stdin=stdin)
    assert ran.code == 2
    assert desk.asked == []
    assert "4419001" not in ran.out + ran.err


def test_file_that_is_not_text_is_refused(tmp_path: Path, desk: FakeDesk, address: str) -> None:
    (tmp_path / "subject").write_bytes(b"\xff\xfe\xff")
    assert dxnode(*ASK, "--desk", address, "--subject-from", tmp_path / "subject").code == 2
    assert desk.asked == []


def test_prompt_on_a_terminal_does_not_echo(desk: FakeDesk, address: str) -> None:
    answered, screen = at_a_terminal([*ASK, "--desk", address, "--claim", "name"], [resident(4), "someone"])
    assert answered == "yes"
    assert resident(4) not in screen
    assert "someone" not in screen
    assert desk.asked[0].subject.id == resident(4)
    assert claims_of(desk.asked[0]) == {"name": "someone"}


def test_mistyped_identifier_is_asked_for_again(desk: FakeDesk, address: str) -> None:
    mistyped = resident(4)[:-1] + ("1" if resident(4)[-1] != "1" else "2")
    answered, screen = at_a_terminal([*ASK, "--desk", address], [mistyped, resident(4)])
    assert answered == "yes"
    assert "check every digit" in screen
