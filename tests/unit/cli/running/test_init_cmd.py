"""Claims about the folder that `dxnode init` makes, and about `dxnode config`."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.waiting import PATIENCE

from node.cli.log.file import write_export
from node.config.file import load_settings
from node.core.identity import normalise_resident_id
from node.core.log.checkpoint import Checkpoint
from node.core.log.merkle import EMPTY_ROOT
from node.crypto.signing import sign_note
from node.demo.numbers import SYNTHETIC_AREA
from node.documents.keys import KeyUse, newest, read_keys
from node.v1.usage_log_pb2 import LogExport

TAX = "11441900000000035L"


def test_new_folder_passes_every_check(tmp_path: Path) -> None:
    options = ("--code", TAX, "--title", "东莞市税务局", "--dev-authority", tmp_path / "authority")
    assert dxnode("init", tmp_path / "node", *options).code == 0
    settings = load_settings(tmp_path / "node" / "node.yaml")
    assert (settings.department.code, settings.department.title) == (TAX, "东莞市税务局")
    assert dxnode("config", "check", tmp_path / "node" / "node.yaml").code == 0
    assert dxnode("policy", "check", tmp_path / "node" / "policies").code == 0
    assert TAX in (tmp_path / "node" / "policies" / "example-enrolment.yaml").read_text("utf-8")


@pytest.mark.parametrize("development", [True, False])
def test_policies_are_enforced_unsigned_for_development_alone(tmp_path: Path, development: bool) -> None:
    options = ("--dev-authority", tmp_path / "authority") if development else ()
    ran = dxnode("init", tmp_path / "node", *options)
    config = tmp_path / "node" / "node.yaml"
    assert load_settings(config).policies.unsigned is development
    assert "policies.unsigned" in ran.err
    assert (f"dxnode policy activate {tmp_path / 'node' / 'policies'} --config {config}" in ran.err) is (
        not development
    )


def test_private_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    dxnode("init", tmp_path / "node", "--dev-authority", tmp_path / "authority")
    private = [*(tmp_path / "node" / "keys").iterdir(), *tmp_path.rglob("*.key"), *tmp_path.rglob("*.csv")]
    assert len(private) >= 8
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)


def test_two_nodes_of_one_development_authority_are_in_its_directory(tmp_path: Path) -> None:
    for name, code in (("hr", "11441900000000019Y"), ("tax", TAX)):
        ran = dxnode("init", tmp_path / name, "--code", code, "--dev-authority", tmp_path / "authority")
        assert ran.code == 0
    shown = dxnode("pki", "directory", "show", "--config", tmp_path / "hr" / "node.yaml", "--json")
    directory = json.loads(shown.out)
    assert {member["code"] for member in directory["members"]} == {"11441900000000019Y", TAX}
    assert directory["version"] == 2


def test_log_is_verified_with_the_keys_that_the_directory_lists(tmp_path: Path) -> None:
    dxnode("init", tmp_path / "tax", "--code", TAX, "--dev-authority", tmp_path / "authority")
    authority = tmp_path / "authority"
    keys = read_keys(tmp_path / "tax" / "keys")
    signer = newest(keys, KeyUse.LOG, datetime.now(UTC)).signer(f"dxnode/{TAX}")
    checkpoint = Checkpoint(f"dxnode/{TAX}", 0, EMPTY_ROOT)
    header = LogExport(version=1, origin=checkpoint.origin, checkpoint=sign_note(checkpoint.body(), signer))
    write_export(tmp_path / "usage.log", header, [])
    listed = ("--directory", authority / "directory.note", "--authority-key", authority / "authority.vkey")
    assert dxnode("log", "verify", tmp_path / "usage.log", *listed).code == 0
    assert dxnode("log", "verify", tmp_path / "usage.log", *listed[:2]).code == 2
    assert dxnode("log", "verify", tmp_path / "usage.log").code == 2
    header.origin = "dxnode/11441900000000019Y"
    write_export(tmp_path / "other.log", header, [])
    assert dxnode("log", "verify", tmp_path / "other.log", *listed).code == 2


def test_what_to_do_next_is_said_in_the_language_spoken(tmp_path: Path) -> None:
    ran = dxnode("init", tmp_path / "node", "--lang", "zh")
    assert "下一步" in ran.err
    assert f"dxnode serve --config {tmp_path / 'node' / 'node.yaml'}" in ran.err


def test_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    assert dxnode("init", tmp_path).code == 2
    assert {path.name for path in tmp_path.iterdir()} == {"mine"}


@pytest.mark.parametrize("code", ["123", "11441900000000035X"])
def test_credit_code_that_is_none_is_refused(tmp_path: Path, code: str) -> None:
    assert dxnode("init", tmp_path / "node", "--code", code).code == 2
    assert not (tmp_path / "node").exists()


@pytest.mark.parametrize("title", ["局: 一", "局 # 二", "'三'", '"四"'])
def test_title_with_a_meaning_in_yaml_stays_a_title(tmp_path: Path, title: str) -> None:
    assert dxnode("init", tmp_path / "node", "--title", title).code == 0
    assert load_settings(tmp_path / "node" / "node.yaml").department.title == title


def test_mistakes_in_settings_are_placed(tmp_path: Path) -> None:
    dxnode("init", tmp_path / "node")
    config = tmp_path / "node" / "node.yaml"
    config.write_text(
        config.read_text("utf-8").replace("timezone: Asia/Shanghai", "time_zone: Asia/Shanghai"), "utf-8"
    )
    ran = dxnode("config", "check", config)
    assert ran.code == 2
    assert f"{config}:" in ran.out
    assert "time_zone" in ran.out
    (problem,) = json.loads(dxnode("config", "check", config, "--json").out)
    assert problem["setting"] == "time_zone"


@pytest.mark.parametrize("command", ["check", "show"])
def test_settings_file_is_named_either_way(tmp_path: Path, command: str) -> None:
    dxnode("init", tmp_path / "node", "--dev-authority", tmp_path / "authority")
    config = tmp_path / "node" / "node.yaml"
    named = dxnode("config", command, config)
    assert named.code == 0
    assert dxnode("config", command, "--config", config) == named
    assert dxnode("config", command, env={"DXNODE_CONFIG": str(config)}) == named
    assert dxnode("config", command, config, "--config", tmp_path / "other.yaml") == named
    for folder in (config.parent, f"{config.parent}/"):
        assert dxnode("config", command, folder) == named
        assert dxnode("config", command, "--config", folder) == named
        assert dxnode("config", command, env={"DXNODE_CONFIG": str(folder)}) == named


@pytest.mark.parametrize("name", ["nodes.yaml", "Node.yaml", "node.yml", "noed.yaml"])
def test_settings_beside_those_named_are_meant(tmp_path: Path, name: str) -> None:
    (tmp_path / "node.yaml").touch()
    for command in (("config", "check"), ("status", "--config"), ("backup", "b.tar", "--config")):
        ran = dxnode(*command, tmp_path / name)
        assert ran.code == 2
        assert f"did you mean --config {tmp_path / 'node.yaml'}?" in ran.out + ran.err


def test_settings_in_a_folder_are_meant_where_none_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("status",), ("serve",), ("config", "check"), ("log", "show")):
        assert "did you mean" not in "".join(shown(command)), command
    for name in ("hr", "tax"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "node.yaml").touch()
    for command in (("status",), ("serve",), ("config", "check"), ("log", "show")):
        assert "hr/node.yaml, tax/node.yaml?" in "".join(shown(command)), command


def shown(command: tuple[str, ...]) -> tuple[str, str]:
    ran = dxnode(*command)
    assert ran.code == 2
    return ran.out, ran.err


WRONG = {
    "no title": ("--title", ""),
    "a title of blanks": ("--title", " \u3000"),
    "no organisation": ("--organisation", ""),
    "a port alone": ("--desk-listen", "9444"),
    "a wide colon": ("--desk-listen", "127.0.0.1：9444"),
    "one port for both": ("--exchange-listen", "[::1]:8443", "--desk-listen", "[::1]:8443"),
}


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG)
def test_what_makes_no_good_settings_makes_nothing(tmp_path: Path, options: tuple[str, ...]) -> None:
    ran = dxnode("init", tmp_path / "node", *options, "--dev-authority", tmp_path / "authority")
    assert (ran.code, list(tmp_path.iterdir())) == (2, [])


def test_an_option_that_is_wrong_is_named(tmp_path: Path) -> None:
    for option in ("--code", "--authority-code", "--region"):
        ran = dxnode("init", tmp_path / "node", option, "12x")
        assert (ran.code, f"{option} is wrong" in ran.err) == (2, True)


def test_files_of_others_are_no_authority_and_stay_where_they_are(tmp_path: Path) -> None:
    assert dxnode("init", tmp_path / "hr", "--dev-authority", tmp_path / "authority").code == 0
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    for folder in (tmp_path / "hr", tmp_path, tmp_path / "hr" / "node.yaml"):
        ran = dxnode("init", tmp_path / "tax", "--code", TAX, "--dev-authority", folder)
        assert ran.code == 2
        assert f"{folder}: is no folder of an authority" in ran.err
        rotated = dxnode("pki", "rotate", "certificate", "--authority", folder, "--config", tmp_path / "hr")
        assert (rotated.code, "is no folder of an authority" in rotated.err) == (2, True)
    assert {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()} == before


def test_a_department_that_is_called_as_in_the_example_is_told(tmp_path: Path) -> None:
    assert "as in the example" in dxnode("init", tmp_path / "a", "--code", TAX).err
    assert "as in the example" not in dxnode("init", tmp_path / "b", "--code", TAX, "--title", "税务局").err
    assert "as in the example" not in dxnode("init", tmp_path / "c").err


def test_what_was_made_is_told_before_what_to_do_next(tmp_path: Path) -> None:
    both = subprocess.run(  # noqa: S603 - this interpreter, this package
        [sys.executable, "-m", "node.cli.main", "init", tmp_path / "node", "--lang", "en"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        timeout=PATIENCE,
    ).stdout
    assert both.startswith("made ")
    assert both.rindex("\nmade ") < both.index("\nwhat to do next")


@pytest.mark.parametrize(
    ("options", "exchange", "desk"),
    [
        ((), "0.0.0.0:8443", "127.0.0.1:8444"),
        (("--advertise", "localhost:9443"), "0.0.0.0:9443", "127.0.0.1:9444"),
        (("--advertise", "[2001:db8::7]:9443"), "[::]:9443", "127.0.0.1:9444"),
        (("--exchange-listen", "10.0.0.1:443", "--desk-listen", "[::1]:1"), "10.0.0.1:443", "[::1]:1"),
    ],
    ids=["by default", "beside the advertised", "beside one of IPv6", "as given"],
)
def test_ports_are_those_advertised_or_given(
    tmp_path: Path, options: tuple[str, ...], exchange: str, desk: str
) -> None:
    assert dxnode("init", tmp_path / "node", *options).code == 0
    settings = load_settings(tmp_path / "node" / "node.yaml")
    assert (settings.exchange.listen, settings.desk.listen) == (exchange, desk)


@pytest.mark.parametrize(
    "address",
    [
        *("localhost", "localhost:", "localhost:65535", "localhost:port", ":8443"),
        *("::1:8443", "[fe80::1%eth0]:8443", "https://localhost:8443", "localhost：8443"),
        *("0.0.0.0:8443", "[::]:8443"),
    ],
)
def test_address_without_a_usable_port_makes_nothing(tmp_path: Path, address: str) -> None:
    ran = dxnode("init", tmp_path / "node", "--advertise", address, "--dev-authority", tmp_path / "authority")
    assert (ran.code, list(tmp_path.iterdir())) == (2, [])


def test_what_was_made_is_told_as_the_folder_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = dxnode("init", "node", "--dev-authority", "authority", "--json")
    assert all(path.startswith(("node/", "authority/")) for path in json.loads(ran.out)["made"])
    ran = dxnode("init", tmp_path / "other", "--json")
    assert all(path.startswith(f"{tmp_path}/other/") for path in json.loads(ran.out)["made"])


def test_people_in_the_example_are_nobody(tmp_path: Path) -> None:
    dxnode("init", tmp_path / "node")
    rows = (tmp_path / "node" / "data" / "example-enrolment.csv").read_text("utf-8").splitlines()[1:]
    assert len(rows) >= 3
    assert all(row.startswith(SYNTHETIC_AREA) for row in rows)
    assert [normalise_resident_id(row[:18]) for row in rows] == [row[:18] for row in rows]


def test_settings_in_force_are_shown(tmp_path: Path) -> None:
    dxnode("init", tmp_path / "node")
    shown = json.loads(dxnode("config", "show", tmp_path / "node" / "node.yaml", "--json").out)
    assert shown["limits"]["chunk_subjects"] == 1000
    assert dxnode("config", "show", "--reference").out.startswith("#")
