"""Claims about approving catalogue entries: the head, then the authority; and about the clocks of Art. 17."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.cli_run import Ran, dxnode
from support.homes import copy_of
from support.town import AUTHORITY, HR, TAX

from node.cli.terminal.exits import Exit
from node.core.workdays import LAST_KNOWN_YEAR
from node.texts.wording import CHINA

WORDS = "a head has its own words"
NAME = "example-enrolment"


class Office:
    """A node's folder, an authority, and heads in both with their keys."""

    def __init__(self, home: Path) -> None:
        self.home, self.node = home, home / "hr"
        self.policies, self.config = self.node / "policies", self.node / "node.yaml"

    def make(self) -> None:
        """Make it all; slow."""
        home, authority = self.home, self.home / "authority"
        assert dxnode("init", self.node, "--code", HR, "--dev-authority", authority).code == 0
        other = home / "review"
        made = dxnode("init", other, "--code", AUTHORITY, "--title", "数据局", "--dev-authority", authority)
        assert made.code == 0, made.err
        for node, code, name in ((self.node, HR, "zhang"), (other, AUTHORITY, "chen")):
            keys = ("pki", "officer", name, "--head", "--code", code, "--out", home / "keys")
            assert dxnode(*keys, stdin=f"{WORDS}\n").code == 0
            (node / "officers").mkdir()
            vkey = (home / "keys" / f"{name}-head.vkey").read_bytes()
            (node / "officers" / f"{name}.vkey").write_bytes(vkey)
            member = home / f"{code}.json"
            assert dxnode("pki", "member", "--config", node / "node.yaml", "--out", member).code == 0
        members: list[str | Path] = []
        for code in (HR, AUTHORITY):
            members += ["--member", home / f"{code}.json"]
        published = dxnode(
            "pki", "directory", "publish", "--authority", authority, *members, "--appoint", AUTHORITY
        )
        assert published.code == 0, published.err

    def approve(self, role: str, name: str = "", *more: str) -> Ran:
        key = self.home / "keys" / f"{name or {'head': 'zhang', 'authority': 'chen'}[role]}-head.key"
        arguments = ("--key", key, "--as", role, "--policies", self.policies)
        return dxnode("catalogue", "approve", NAME, *arguments, *more, stdin=f"{WORDS}\n")

    def verify(self, *more: str) -> Ran:
        return dxnode("catalogue", "verify", "--policies", self.policies, "--config", self.config, *more)

    def due(self, *more: str) -> Ran:
        return dxnode("catalogue", "due", "--policies", self.policies, "--config", self.config, *more)

    def cause(self, *more: str) -> Ran:
        return dxnode("catalogue", "cause", NAME, "--policies", self.policies, *more)

    def edit(self) -> None:
        path = self.policies / f"{NAME}.yaml"
        text = path.read_text()
        assert "\ntitle: " in text
        path.write_text(text.replace("\ntitle: ", "\ntitle: 新", 1))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made")
    Office(home).make()
    return home


@pytest.fixture
def office(made: Path, tmp_path: Path) -> Office:
    return Office(copy_of(made, tmp_path / "home"))


def test_head_and_authority_approve_and_anybody_verifies(office: Office) -> None:
    before = office.verify()
    assert before.code == Exit.OUTSTANDING
    assert before.out.splitlines()[1].endswith("\tmissing\tmissing")
    first = office.approve("head", "", "--note", "checked with legal")
    assert first.code == 0, first.err
    assert "provider: " in first.out
    assert "personal: yes" in first.out
    assert office.verify().code == Exit.OUTSTANDING
    assert office.approve("authority").code == 0
    verified = office.verify("--json")
    assert verified.code == 0
    (entry,) = json.loads(verified.out)["entries"]
    assert entry["lacking"] == []
    assert [(each["person"], each["role"], each["note"]) for each in entry["approvals"]] == [
        ("zhang", "head", "checked with legal"),
        ("chen", "authority", ""),
    ]
    office.edit()
    assert office.verify().code == Exit.OUTSTANDING


def test_what_is_approved_is_shown_before_the_passphrase_is_asked_for(office: Office) -> None:
    key = office.home / "keys" / "zhang-head.key"
    arguments = ("--key", key, "--as", "head", "--policies", office.policies)
    ran = dxnode("catalogue", "approve", NAME, *arguments, stdin="wrong words altogether\n")
    assert ran.code == Exit.USAGE
    assert NAME in ran.out
    assert "the passphrase is wrong" in ran.err
    assert list((office.policies / "approvals").glob("*")) == []


def test_json_is_one_document(office: Office) -> None:
    shown = json.loads(office.approve("head", "", "--json").out)
    assert [each["dataset"] for each in shown["approved"]] == [NAME]


def test_authority_approves_after_the_head_and_nobody_twice(office: Office) -> None:
    assert "has not approved this version" in office.approve("authority").err
    assert office.approve("head").code == 0
    again = office.approve("head")
    assert again.code == Exit.USAGE
    assert "approved already" in again.err


def test_key_of_another_department_or_role_is_refused(office: Office) -> None:
    wrong = office.approve("head", "chen")
    assert wrong.code != 0
    assert "not signed by the provider's own head" in wrong.err
    keys = ("pki", "officer", "li", "--code", HR, "--out", office.home / "keys")
    assert dxnode(*keys, stdin=f"{WORDS}\n").code == 0
    officer = office.home / "keys" / "li.key"
    arguments = ("--key", officer, "--as", "head", "--policies", office.policies)
    ran = dxnode("catalogue", "approve", NAME, *arguments, stdin=f"{WORDS}\n")
    assert "names no head of a department" in ran.err
    assert dxnode("catalogue", "approve", NAME, "--key", officer, "--as", "boss").code == Exit.USAGE


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_key_of_another_role_is_not_to_be_tried_again_later(office: Office, lang: str) -> None:
    refused = office.approve("head", "chen", "--lang", lang)
    assert refused.code == Exit.USAGE
    assert {"en": "does not count", "zh": "不算数"}[lang] in refused.err
    assert {"en": "ask again later", "zh": "稍后再查询"}[lang] not in refused.err


def test_unlisted_key_is_told_by_verify_in_both_languages(office: Office) -> None:
    keys = ("pki", "officer", "wu", "--head", "--code", HR, "--out", office.home / "keys")
    assert dxnode(*keys, stdin=f"{WORDS}\n").code == 0
    assert office.approve("head", "wu").code == 0
    told = office.verify()
    assert told.code == Exit.OUTSTANDING
    assert "DOES NOT COUNT" in told.out
    assert "no key that the directory lists for it has signed it" in told.err
    chinese = office.verify("--lang", "zh").err
    assert "部门名录中没有可签署它的密钥" in chinese
    assert "key" not in chinese


def test_unknown_dataset_and_empty_folder_are_refused(office: Office, tmp_path: Path) -> None:
    assert "has the dataset nonsense" in office.verify("nonsense").err
    (tmp_path / "empty").mkdir()
    ran = dxnode("catalogue", "verify", "--policies", tmp_path / "empty", "--config", office.config)
    assert (ran.code, "no *.yaml" in ran.err) == (Exit.USAGE, True)


def test_cause_runs_until_the_head_and_the_authority_have_approved(office: Office) -> None:
    day = datetime.now(CHINA).date() - timedelta(days=1)  # the commands look at the clock too
    assert office.due().err == "nothing is due\n"
    noted = office.cause("--on", str(day), "--basis", "State Council Decree 809")
    assert noted.code == 0, noted.err
    shown = office.due()
    assert shown.code == 0
    assert "\tupdate\t" in shown.out
    assert "State Council Decree 809" in shown.out
    late = office.due("--on", str(day + timedelta(days=60)))
    assert late.code == Exit.OUTSTANDING
    assert "OVERDUE by " in late.out
    assert office.approve("head").code == 0
    assert "\treview\t" in office.due().out
    assert "\tupdate\t" not in office.due().out
    assert office.due("--on", str(day + timedelta(days=60))).code == Exit.OUTSTANDING
    assert office.approve("authority").code == 0
    assert office.due("--on", str(day + timedelta(days=60))).code == 0
    done = json.loads(office.due("--all", "--json").out)["clocks"]
    assert {clock["kind"] for clock in done} == {"update", "review"}
    assert all(clock["done"] and not clock["overdue"] for clock in done)


def test_term_is_extended_with_consent_alone(office: Office) -> None:
    day = "2026-11-02"
    assert office.cause("--on", day, "--basis", "国务院令第809号").code == 0
    before = json.loads(office.due("--on", day, "--json").out)["clocks"][0]
    assert (before["due"], before["left"]) == ("2026-11-16", 10)
    for wrong in (
        ("--extended",),
        ("--consent", "yes"),
        ("--basis", "x", "--extended", "--consent", "yes"),
        (),
    ):
        assert office.cause("--on", day, *wrong).code == Exit.USAGE
    assert office.cause("--on", day, "--extended", "--consent", "粤政数函〔2026〕8号").code == 0
    after = json.loads(office.due("--on", day, "--json").out)["clocks"][0]
    assert (after["due"], after["left"], after["extended"]) == ("2026-11-23", 15, True)
    assert "（已延长）" in office.due("--on", day, "--lang", "zh").out
    assert "extended already" in office.cause("--on", day, "--extended", "--consent", "again").err
    assert "noted already" in office.cause("--on", day, "--basis", "again").err


def test_term_beyond_the_known_holidays_is_marked(office: Office) -> None:
    day = f"{LAST_KNOWN_YEAR}-12-21"
    assert office.cause("--on", day, "--basis", "国务院令第809号").code == 0
    shown = office.due("--on", day)
    assert "provisional" in shown.out + shown.err
    (clock,) = json.loads(office.due("--on", day, "--json").out)["clocks"]
    assert clock["provisional"]


def test_wrong_day_or_damaged_causes_are_refused(office: Office) -> None:
    assert office.cause("--on", "2026-02-30", "--basis", "x").code == Exit.USAGE
    assert office.cause("--on", "2026-11-02", "--basis", "two\nlines").code == Exit.USAGE
    assert office.cause("--on", "2026-11-02", "--basis", "x").code == 0
    (office.policies / "approvals" / "causes.json").write_text("{}")
    assert office.due().code == Exit.USAGE
    assert TAX not in office.due().err
