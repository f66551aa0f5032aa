"""Claims about what scripts can rely on: exit codes, streams, JSON errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.fake_catalogue import PURPOSE
from support.fake_desk import VERIFY, FakeDesk, resident, serving

from node.cli.catalogue import commands as catalogue_cmd
from node.cli.terminal.exits import EXIT_OF_REASON, Exit
from node.errors import OF_THE_NODE, NodeError, Reason, wording_of_peer
from node.texts.wording import LANGUAGES, Language, t

ASK = ("verify", VERIFY, "--purpose", PURPOSE, "--case", "DG-1")


@pytest.mark.parametrize("reason", Reason)
def test_reason_decides_the_exit_code(desk: FakeDesk, address: str, reason: Reason) -> None:
    desk.fail_with = NodeError(reason, f"reason.{reason.name}.what")
    ran = dxnode(*ASK, "--desk", address, stdin=resident(1))
    assert ran.code == EXIT_OF_REASON[reason]
    assert ran.out == ""
    assert ran.err.startswith("exchange ")
    assert "\nerror: " in ran.err
    assert "\nhint: " in ran.err


def test_every_reason_has_an_exit_code() -> None:
    assert set(EXIT_OF_REASON) == set(Reason)
    assert Exit.OK not in EXIT_OF_REASON.values()
    assert Exit.NO not in EXIT_OF_REASON.values()


@pytest.mark.parametrize("reason", sorted(OF_THE_NODE), ids=lambda reason: reason.name)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_peer_says_of_itself_names_it(
    desk: FakeDesk, address: str, reason: Reason, lang: Language
) -> None:
    desk.fail_with = NodeError(
        reason, "error.rpc.peer-refused", peer="p", problem=wording_of_peer(reason), decided_by="provider"
    )
    told = dxnode(*ASK, "--desk", address, "--lang", lang, stdin=resident(1))
    assert told.code == Exit.UNAVAILABLE
    _, first, *rest = told.err.splitlines()  # behind the exchange id
    name = {"en": "error: the provider's node ", "zh": "错误：提供部门的节点"}[lang]
    assert first.startswith(name)
    assert any(line.endswith(reason.name) for line in rest)
    assert told.err.count(t(f"reason.{reason.name}.theirs", lang)) == 1, "once is enough"
    assert t("reason.CONFIG_INVALID.next", lang) not in told.err


def test_what_a_peer_says_of_the_request_stays_as_it_is(desk: FakeDesk, address: str) -> None:
    desk.fail_with = NodeError(Reason.NO_GRANT, "error.exchange.provider-denied", decided_by="provider")
    told = dxnode(*ASK, "--desk", address, stdin=resident(1))
    assert told.code == Exit.DENIED
    assert "the other department gave no grant" in told.err


def test_json_error_is_one_document_on_stderr(desk: FakeDesk, address: str) -> None:
    desk.fail_with = NodeError(Reason.NO_GRANT, "error.deciding.no-own-grant", clause="grant")
    ran = dxnode(*ASK, "--desk", address, "--json", stdin=resident(1))
    assert ran.out == ""
    assert json.loads(ran.err)["error"]["reason"] == "NO_GRANT"
    told = json.loads(ran.err)["error"]
    assert told["metadata"] == {"clause": "grant", "exchange_id": told["exchange_id"]}
    assert "fetch" not in told


def test_json_result_is_one_document_on_stdout_and_nothing_on_stderr(address: str) -> None:
    ran = dxnode(*ASK, "--desk", address, "--json", stdin=resident(4))
    assert json.loads(ran.out)["answer"] is True
    assert ran.err == ""


def test_defect_tells_its_kind_and_nothing_it_holds(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    secret = resident(1)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr("node.client.Client.catalogue", fail)
    ran = dxnode("catalogue", "list", "--desk", address)
    assert ran.code == 1
    assert "RuntimeError" in ran.err
    assert secret not in ran.out + ran.err
    assert "Traceback" not in ran.err
    assert catalogue_cmd.app


def test_a_terminal_without_chinese_gets_escapes_and_no_defect() -> None:
    arguments = [sys.executable, "-m", "node.cli.main", "workdays", "2026-10-10", "--lang", "zh"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    ran = subprocess.run(arguments, capture_output=True, text=True, check=False, env=environment)  # noqa: S603
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("2026-10-10 \\u5de5\\u4f5c\\u65e5")


def test_desk_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = dxnode("status")
    assert ran.code == 2
    assert "--desk" in ran.err


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("wrong", ["--cert", "--key", "--roots"])
def test_files_that_are_mistaken_for_each_other_are_told(tmp_path: Path, wrong: str, lang: str) -> None:
    """A certificate in the place of a key, a key in the place of a certificate."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_text("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
    key.write_text("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n")
    right = {"--cert": certificate, "--key": key, "--roots": certificate}
    given = right | {wrong: certificate if wrong == "--key" else key}
    options = [str(word) for pair in given.items() for word in pair]
    said = dxnode("status", "--desk", "127.0.0.1:1", *options, "--lang", lang)
    assert said.code == Exit.USAGE
    assert wrong in said.err
    assert "`dxnode serve`" not in said.err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_action_that_the_role_may_not_do_is_not_called_a_question(
    desk: FakeDesk, address: str, lang: str
) -> None:
    desk.fail_with = NodeError(
        Reason.QUESTION_NOT_ALLOWED, "error.role.needs-role", needed="operator", clause="role"
    )
    said = dxnode(*ASK, "--desk", address, "--lang", lang, stdin=f"{resident(2)}\n")
    assert said.code == Exit.DENIED
    assert {"en": "your role may not do this", "zh": "您的角色不能进行该操作"}[lang] in said.err
    assert {"en": "choose a question", "zh": "请选择"}[lang] not in said.err


def test_settings_lead_to_the_socket(tmp_path: Path, desk: FakeDesk) -> None:
    folder = tmp_path / "node"
    assert dxnode("init", folder).code == 0
    (folder / "state").mkdir()
    with serving(desk, folder / "state"):
        ran = dxnode("status", "--config", folder / "node.yaml", "--json")
    assert json.loads(ran.out)["state"] == "DEGRADED"
    assert ran.code == 4


def test_language_can_stand_anywhere(address: str) -> None:
    for arguments in (("--lang", "zh", *ASK), (*ASK, "--lang=zh"), ("verify", "--lang", "zh", *ASK[1:])):
        assert dxnode(*arguments, "--desk", address, stdin=resident(4)).out == "是\n"


def test_version_is_told() -> None:
    assert json.loads(dxnode("version", "--json").out)["version"]
