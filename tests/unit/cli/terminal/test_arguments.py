"""What stands on a command line: no identity number, and nothing that cannot be seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.fake_catalogue import PROVIDER, PURPOSE
from support.fake_desk import VERIFY, FakeDesk, resident

from node.cli.terminal.arguments import as_copied, name_a_person
from node.core.identity import check_character, normalise_credit_code

NUMBER = resident(1)
WIDE = "".join(chr(ord(each) + 0xFEE0) for each in NUMBER)
OLD = NUMBER[:6] + NUMBER[8:17]
# A credit code and an identity number at once.
BOTH = "44190019500101053X"


@pytest.mark.parametrize(
    "spelled",
    [
        NUMBER,
        NUMBER.lower(),
        WIDE,
        " ".join(NUMBER),
        f"{NUMBER[:6]}-{NUMBER[6:14]}-{NUMBER[14:]}",
        OLD,
        f"\u202a{NUMBER}\u202c",
        f"{NUMBER[:6]}\u200b{NUMBER[6:]}",
        f"{NUMBER}.txt",
        BOTH,
    ],
)
@pytest.mark.parametrize(
    "line",
    [
        ("verify", VERIFY, "{}"),
        ("verify", "--subject={}"),
        ("verify", VERIFY, "--subject-from", "{}"),
        ("verify", VERIFY, "-p", "n={}"),
        ("verify", VERIFY, "--case", "DG/{}"),
        ("batch", VERIFY, "{}", "out.csv"),
        ("log", "show", "--filter", "{}"),
        ("catalogue", "search", "{}"),
        ("{}",),
        ("--", "{}"),
    ],
)
def test_an_identity_number_in_any_spelling_and_place_is_seen(spelled: str, line: tuple[str, ...]) -> None:
    assert name_a_person([each.format(spelled) for each in line])


@pytest.mark.parametrize("number", [NUMBER, WIDE], ids=["plain", "wide"])
def test_an_identity_number_in_several_words_is_seen(number: str) -> None:
    assert name_a_person(("verify", VERIFY, number[:6], number[6:14], number[14:]))
    assert name_a_person((number[:6], number[6:14], f"{number[14:]}\u200b", "--json"))
    assert not name_a_person((number[:6], "--limit", number[6:14], "a", number[14:]))


@pytest.mark.parametrize(
    "line",
    [
        ("verify", VERIFY, "--purpose", PURPOSE, "--case", "DG-2026-000123"),
        ("verify", f"{BOTH}/pension-insurance/is-enrolled"),
        ("grant", "issue", "--to", BOTH, "--dataset", "pension-insurance"),
        ("catalogue", "show", f"--provider={BOTH}"),
        ("peer", "show", BOTH),
        ("verify", VERIFY, "--exchange-id", "0123456789abcdef0123456789abcdef"),
        ("log", "verify", "/var/lib/dxnode/20261201-000001"),
        (),
    ],
)
def test_codes_of_departments_and_cases_are_none(line: tuple[str, ...]) -> None:
    assert not name_a_person(line)


def test_code_of_a_department_may_be_an_identity_number_too() -> None:
    assert normalise_credit_code(BOTH) == BOTH[:17] + check_character(BOTH[:17])


@pytest.mark.parametrize(
    ("lang", "told", "advice"),
    [
        ("en", "an identity number stands on the command line", "`history -d NUMBER`"),
        ("zh", "命令行中含有身份证号", "`history -d 序号`"),
    ],
)
def test_it_is_refused_with_how_to_clear_the_history(
    desk: FakeDesk, address: str, lang: str, told: str, advice: str
) -> None:
    for as_json in ((), ("--json",)):
        asked = ("verify", VERIFY, NUMBER, "--purpose", PURPOSE, "--case", "DG-1", "--desk", address)
        ran = dxnode(*asked, "--lang", lang, *as_json)
        assert (ran.code, ran.out, desk.asked) == (2, "", [])
        assert told in ran.err
        assert advice in ran.err
        assert NUMBER not in ran.err


def test_what_comes_along_with_a_copied_argument_is_no_part_of_it(desk: FakeDesk, address: str) -> None:
    ran = dxnode(
        *("verify", f"\u200e{PROVIDER.lower()}/pension-insurance/is-enrolled\u00a0"),
        *("--purpose", f"\u202a{PURPOSE}\u202c", "--case", "\ufeffDG-1\u3000", "--desk", address),
        stdin=f"\u2068{resident(2)}\u2069\n\u200fname\u200b＝ 张三\n",
    )
    assert ran.code == 0, ran.err
    (asked,) = desk.asked
    assert (asked.query.provider, asked.query.purpose, asked.query.case_number) == (PROVIDER, PURPOSE, "DG-1")
    assert (asked.subject.id, dict(asked.subject.claims)) == (resident(2), {"name": "张三"})


def test_a_file_is_found_by_the_name_that_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "名单\u200b.csv").write_text("x")
    assert as_copied(["名单\u200b.csv", "别的\u200b.csv", " a "]) == ["名单\u200b.csv", "别的.csv", " a "]
