"""`dxnode pki` takes two departments from nothing to a directory, and says what to do next."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from node.cli.main import app
from node.config.file import reference
from node.crypto.certificates import hosts_in
from node.texts.wording import table

AUTHORITY = "1144190000000006X2"
TAX = "11441900000000035L"


class Failed(Exception):  # noqa: N818  # carries an exit code, is no error of the program
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def run(*arguments: str | Path) -> None:
    """Run `dxnode pki …`."""
    with pytest.raises(SystemExit) as caught:
        app(["--lang", "en", "pki", *(str(argument) for argument in arguments)])
    if caught.value.code:
        raise Failed(int(caught.value.code))


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A tax office with its settings, and an authority beside it."""
    run("authority", tmp_path / "authority", "--code", AUTHORITY)
    vkey = capsys.readouterr().out.strip()
    text = reference().replace("11441900000000019Y", TAX)
    text = re.sub(r"^authority: .*", f"authority: {vkey}", text, flags=re.MULTILINE)
    folder = tmp_path / "tax"
    folder.mkdir()
    (folder / "node.yaml").write_text(text)
    return folder


def prepared(home: Path) -> tuple[str, Path, str, Path]:
    config, authority = home / "node.yaml", home.parent / "authority"
    run("node", "--authority", authority, "--config", config)
    run("member", "--config", config, "--out", home / "member.json")
    return "--config", config, "--authority", authority


def test_department_joins_and_the_directory_is_shown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepared(home)
    note = home / "directory.note"
    run(
        "directory",
        "publish",
        "--authority",
        home.parent / "authority",
        "--member",
        home / "member.json",
        "--out",
        note,
    )
    told = capsys.readouterr()
    assert f"joined: {TAX}" in told.out
    assert "version 1" in told.err
    run("directory", "show", "--config", home / "node.yaml", "--json")
    shown = json.loads(capsys.readouterr().out)
    assert shown["members"][0]["code"] == TAX
    assert shown["expired"] is False


def test_member_file_is_told_with_its_digest(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepared(home)
    capsys.readouterr()
    run("member", "--config", home / "node.yaml", "--out", home / "again.json", "--json")
    told = json.loads(capsys.readouterr().out)
    assert re.fullmatch(r"[0-9a-f]{64}", told["sha256"])
    assert (home / "again.json").read_bytes() == (home / "member.json").read_bytes()


def test_suspension_and_removal_are_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepared(home)
    publish = ("directory", "publish", "--authority", home.parent / "authority")
    run(*publish, "--member", home / "member.json")
    capsys.readouterr()
    run(*publish, "--suspend", TAX)
    assert "changed" in (told := capsys.readouterr().out)
    assert told.rstrip().endswith("suspended")
    run(*publish, "--remove", TAX)
    assert "left" in capsys.readouterr().out


def test_keys_and_certificates_rotate(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, config, _, authority = prepared(home)
    publish = ("directory", "publish", "--authority", authority, "--member", home / "member.json")
    publish_here = (*publish, "--out", home / "directory.note")
    run("rotate", "sealing", "--config", config)
    run("rotate", "certificate", "--authority", authority, "--config", config)
    run("member", "--config", config, "--out", home / "member.json")
    old = (home / "tls/exchange.pem").read_bytes()
    run(*publish_here)
    run("rotate", "activate", "--config", config)
    assert (home / "tls/exchange.pem").read_bytes() != old
    assert "new certificate" in capsys.readouterr().out


def test_data_key_is_added_beside_the_ones_before(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, config, _, _ = prepared(home)
    before = set((home / "keys").glob("data-*.json"))
    capsys.readouterr()
    run("rotate", "data", "--config", config, "--json")
    made = home / "keys" / f"data-{json.loads(capsys.readouterr().out)['key_id']}.json"
    assert set((home / "keys").glob("data-*.json")) == before | {made}
    assert len(before) == 1


@pytest.mark.parametrize("use", ["log", "cosign"])
def test_log_and_cosign_keys_are_added_and_published_with_the_ones_before(
    home: Path, capsys: pytest.CaptureFixture[str], use: str
) -> None:
    _, config, _, authority = prepared(home)
    before = set((home / "keys").glob(f"{use}-*.json"))
    capsys.readouterr()
    run("rotate", use, "--config", config)
    said = capsys.readouterr()
    after = set((home / "keys").glob(f"{use}-*.json"))
    (made,) = after - before
    assert after == before | {made}
    assert made.stem.partition("-")[2] in said.out
    assert "dxnode pki member" in said.err
    run("member", "--config", config, "--out", home / "member.json")
    member, note = home / "member.json", home / "directory.note"
    run("directory", "publish", "--authority", authority, "--member", member, "--out", note)
    capsys.readouterr()
    run("directory", "show", "--config", config, "--json")
    listed = json.loads(capsys.readouterr().out)["members"][0][f"{use}_keys"]
    assert listed == [path.stem.partition("-")[2] for path in (made, *before)]


def test_desk_user_is_told_how_to_use_the_certificate(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, config, _, _ = prepared(home)
    run("desk-user", "window-3", "--role", "clerk", "--out", home / "window-3", "--config", config)
    told = capsys.readouterr().err
    assert "--desk 127.0.0.1:" in told
    assert "--cert" in told
    assert "the role clerk may ask nothing yet" in told
    assert (home / "window-3/window-3.key").exists()


def test_without_an_authority_the_own_certificate_is_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("node", "--config", home / "node.yaml")
    assert "tls/exchange.pem" in capsys.readouterr().err
    assert not (home / "tls/exchange.pem").exists()


def test_only_what_is_missing_is_made(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = home / "node.yaml"
    run("node", "--config", config)
    keys = {path: path.read_bytes() for path in home.rglob("*.*")}
    capsys.readouterr()
    run("node", "--authority", home.parent / "authority", "--config", config)
    assert capsys.readouterr().out.split() == ["made", str(home / "tls/exchange.pem")]
    run("node", "--authority", home.parent / "authority", "--config", config)
    told = capsys.readouterr()
    assert (told.out, "nothing is missing" in told.err) == ("", True)
    assert {path: path.read_bytes() for path in keys} == keys


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("authority", "{home}/x", "--code", "1234"), 2, "QUERY_INVALID"),
        (("authority", "{authority}", "--code", AUTHORITY), 2, "CONFIG_INVALID"),
        (("node", "--config", "{home}/none.yaml"), 2, "CONFIG_INVALID"),
        (
            ("desk-user", "a", "--role", "king", "--out", "{home}/a", "--config", "{home}/node.yaml"),
            2,
            "CONFIG_INVALID",
        ),
        (("directory", "publish", "--authority", "{home}"), 2, "CONFIG_INVALID"),
        (("directory", "publish", "--authority", "{authority}", "--suspend", TAX), 2, "NOT_FOUND"),
        (
            ("directory", "publish", "--authority", "{authority}", "--member", "{home}/node.yaml"),
            2,
            "CONFIG_INVALID",
        ),
        (("directory", "show", "{home}/node.yaml", "--config", "{home}/node.yaml"), 2, "CONFIG_INVALID"),
        (("rotate", "activate", "--config", "{home}/node.yaml"), 2, "CONFIG_INVALID"),
    ],
)
def test_refusal_has_an_exit_code_and_a_reason(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, reason: str
) -> None:
    filled = [argument.format(home=home, authority=home.parent / "authority") for argument in arguments]
    with pytest.raises(Failed) as caught:
        run(*filled, "--json")
    assert caught.value.code == code
    assert json.loads(capsys.readouterr().err)["error"]["reason"] == reason


def test_both_languages_say_the_same_things() -> None:
    english, chinese = table("pki", "en"), table("pki", "zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", chinese[key])), key


def test_the_desk_gets_a_new_certificate_for_the_hosts_it_had(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(home)
    path = home / "tls/desk.pem"
    before, roots = path.read_bytes(), (home / "tls/desk-roots.pem").read_bytes()
    run("rotate", "desk", "--host", "desk.example", "--host", "2001:db8::7", "--config", home / "node.yaml")
    assert "valid until" in capsys.readouterr().err
    run("rotate", "desk", "--config", home / "node.yaml", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["made"] == str(path)
    assert path.read_bytes() != before
    assert {"localhost", "desk.example", "2001:db8::7", *hosts_in(before)} == set(hosts_in(path.read_bytes()))
    assert (home / "tls/desk-roots.pem").read_bytes() == roots
    assert (home / "tls/desk.key").stat().st_mode & 0o077 == 0


def test_a_desk_certificate_of_another_authority_is_not_replaced(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(home)
    (home / "tls/desk-authority/ca.key").unlink()
    before = (home / "tls/desk.pem").read_bytes()
    with pytest.raises(Failed):
        run("rotate", "desk", "--config", home / "node.yaml")
    assert "another authority" in capsys.readouterr().err
    assert (home / "tls/desk.pem").read_bytes() == before
