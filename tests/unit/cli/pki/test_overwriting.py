"""No command takes an entry, a key or a file of somebody else away without being told to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cli_run import Ran, dxnode

HR = "11441900000000019Y"
TAX = "11441900000000035L"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A node of the human resources office and a development authority that lists it."""
    monkeypatch.chdir(tmp_path)
    assert init("hr").code == 0
    return tmp_path


def init(folder: str, *more: str, code: str = HR) -> Ran:
    return dxnode("init", folder, "--code", code, "--dev-authority", "authority", *more)


def publish(*more: str) -> Ran:
    return dxnode("pki", "directory", "publish", "--authority", "authority", *more)


def export(node: str, out: str, *more: str) -> Ran:
    return dxnode("pki", "member", "--config", f"{node}/node.yaml", "--out", out, *more)


def listed() -> dict[str, list[str]]:
    ran = dxnode("pki", "directory", "show", "--config", "hr/node.yaml", "--json")
    return {member["code"]: member["certificates"] for member in json.loads(ran.out)["members"]}


def test_a_second_node_does_not_take_the_entry_of_the_first(world: Path) -> None:
    before = listed()
    ran = init("again", "--title", "某处")
    assert ran.code == 2
    assert all(word in ran.err for word in (HR, "东莞市人力资源和社会保障局", "localhost:8443", "--replace"))
    assert not (world / "again").exists()
    assert listed() == before
    assert init("again", "--replace").code == 0
    assert listed().keys() == before.keys()
    assert listed() != before


def test_the_code_that_is_taken_when_none_is_given_is_no_exception(world: Path) -> None:
    assert dxnode("init", "second", "--dev-authority", "authority").code == 2


def test_another_code_joins(world: Path) -> None:
    assert init("tax", code=TAX).code == 0
    assert listed().keys() == {HR, TAX}


def test_a_code_whose_department_left_may_come_again(world: Path) -> None:
    assert publish("--remove", HR).code == 0
    assert init("again").code == 0


def test_a_member_file_with_all_new_keys_does_not_take_the_place_of_an_entry(world: Path) -> None:
    assert dxnode("init", "other", "--code", HR, "--dev-authority", "elsewhere").code == 0
    assert export("other", "other.json").code == 0
    ran = publish("--member", "other.json")
    assert ran.code == 2
    assert "no key in common" in ran.err
    assert publish("--member", "other.json", "--replace").code == 0


def test_a_member_file_after_a_rotation_does(world: Path) -> None:
    for use in ("sealing", "log", "cosign"):
        assert dxnode("pki", "rotate", use, "--config", "hr/node.yaml").code == 0
    assert export("hr", "hr.json").code == 0
    assert publish("--member", "hr.json").code == 0


def test_two_files_of_one_member_are_not_published_at_once(world: Path) -> None:
    assert export("hr", "one.json").code == export("hr", "two.json").code == 0
    ran = publish("--member", "one.json", "--member", "two.json")
    assert (ran.code, "one department" in ran.err) == (2, True)


def test_a_member_file_is_written_over_the_departments_own_alone(world: Path) -> None:
    assert init("tax", code=TAX).code == 0
    assert export("hr", "member.json").code == export("hr", "member.json").code == 0
    assert export("tax", "member.json").code == 2
    (world / "notes.txt").write_text("keep this")
    assert export("hr", "notes.txt").code == 2
    assert (world / "notes.txt").read_text() == "keep this"
    assert export("tax", "member.json", "--force").code == 0


def test_a_directory_is_written_over_one_of_the_same_authority_alone(world: Path) -> None:
    assert publish("--out", "directory.note").code == publish("--out", "directory.note").code == 0
    (world / "notes.txt").write_text("keep this")
    assert publish("--out", "notes.txt").code == 2
    assert dxnode("init", "other", "--code", TAX, "--dev-authority", "elsewhere").code == 0
    version = listed_version()
    assert publish("--out", "elsewhere/directory.note").code == 2
    assert listed_version() == version, "nothing is published that cannot be handed on"


def listed_version() -> int:
    ran = dxnode("pki", "directory", "show", "--config", "hr/node.yaml", "--json")
    return int(json.loads(ran.out)["version"])


def test_an_officers_public_key_is_not_replaced(world: Path) -> None:
    (world / "officers").mkdir()
    (world / "officers" / "li-ming.vkey").write_text("the key that Li Ming sent\n")
    ran = dxnode(
        *("pki", "officer", "li-ming", "--code", HR, "--out", "officers", "--passphrase-file", "-"),
        stdin="four words of a song\n",
    )
    assert (ran.code, "li-ming.vkey" in ran.err) == (2, True)
    assert [path.name for path in (world / "officers").iterdir()] == ["li-ming.vkey"]


def test_the_roots_of_another_desk_are_not_replaced(world: Path) -> None:
    assert init("tax", code=TAX).code == 0
    user = ("--role", "clerk", "--out", "staff")
    assert dxnode("pki", "desk-user", "wang", *user, "--config", "hr/node.yaml").code == 0
    assert dxnode("pki", "desk-user", "zhao", *user, "--config", "hr/node.yaml").code == 0
    ran = dxnode("pki", "desk-user", "chen", *user, "--config", "tax/node.yaml")
    assert (ran.code, "desk-roots.pem" in ran.err) == (2, True)


@pytest.mark.parametrize("left", ["authority.vkey", "code", "directory.note"])
def test_what_is_left_of_an_authority_is_not_written_over(tmp_path: Path, left: str) -> None:
    (tmp_path / left).write_text("left")
    ran = dxnode("pki", "authority", tmp_path, "--code", HR)
    assert (ran.code, left in ran.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == [left]


def test_roots_that_were_brought_are_not_written_over(world: Path) -> None:
    for name in ("exchange.pem", "exchange.key"):
        (world / "hr/tls" / name).unlink()
    brought = (world / "hr/tls/exchange-roots.pem").read_bytes()
    assert dxnode("pki", "node", "--authority", "authority", "--config", "hr/node.yaml").code == 2
    assert (world / "hr/tls/exchange-roots.pem").read_bytes() == brought
