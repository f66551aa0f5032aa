"""Claims about the way of a policy bundle: two officers sign, anybody verifies, the operator activates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cli_run import Ran, at_a_terminal, dxnode
from support.homes import copy_of

from node.cli.main import load_command
from node.cli.terminal.exits import Exit
from node.core.policy.bundle import MANIFEST
from node.documents.bundle_folder import active_name
from node.texts.wording import listing

pytestmark = pytest.mark.slow("keys are made under passphrases")

HR = "11441900000000019Y"
WORDS = {"li": "李 reads every line", "wang": "wang reads them again", "zhao": "zhao is on holiday"}


class Office:
    """A node's folder with a development authority, and officers with their key files."""

    def __init__(self, home: Path) -> None:
        self.home, self.node = home, home / "hr"
        self.config = self.node / "node.yaml"
        self.policies = self.node / "policies"

    def make(self) -> None:
        """Make it all; slow."""
        home = self.home
        assert dxnode("init", self.node, "--dev-authority", home / "authority").code == 0
        for name, words in WORDS.items():
            made = dxnode("pki", "officer", name, "--code", HR, "--out", home / "keys", stdin=f"{words}\n")
            assert made.code == 0, made.err
        (self.node / "officers").mkdir()
        for name in ("li", "wang"):
            (self.node / "officers" / f"{name}.vkey").write_bytes(
                (home / "keys" / f"{name}.vkey").read_bytes()
            )
        member = home / "member.json"
        assert dxnode("pki", "member", "--config", self.config, "--out", member).code == 0
        published = dxnode(
            "pki", "directory", "publish", "--authority", home / "authority", "--member", member
        )
        assert published.code == 0
        self.config.write_text(self.config.read_text().replace("unsigned: true", "unsigned: false"))

    def sign(self, name: str, *options: str, words: str = "") -> Ran:
        key = self.home / "keys" / f"{name}.key"
        stdin = f"{words or WORDS[name]}\n"
        return dxnode("policy", "sign", self.policies, "--key", key, *options, stdin=stdin)

    def verify(self, *options: str) -> Ran:
        return dxnode("policy", "verify", self.policies, "--config", self.config, *options)

    def activate(self) -> Ran:
        return dxnode("policy", "activate", self.policies, "--config", self.config)

    @property
    def active(self) -> str | None:
        return active_name(self.node / "state" / "policies")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made")
    Office(home).make()
    return home


@pytest.fixture
def office(made: Path, tmp_path: Path) -> Office:
    return Office(copy_of(made, tmp_path / "home"))


def test_two_officers_sign_and_the_operator_activates(office: Office) -> None:
    assert "li signed version 1" in office.sign("li").out
    early = office.verify()
    assert early.code == Exit.USAGE
    assert "signed by li" in early.err
    assert "wang signed version 1" in office.sign("wang").out
    verified = office.verify()
    assert verified.code == 0
    assert "approved by li, wang; 2 are needed" in verified.out
    assert "not served before their catalogue entries are approved: example-enrolment" in verified.err
    activated = office.activate()
    assert activated.code == 0, activated.err
    assert "does not answer" in activated.err
    assert "has taken it up" not in activated.err
    assert "not served before their catalogue entries are approved: example-enrolment" in activated.err
    assert (office.active or "").startswith("1-")


def test_verify_tells_programs_which_datasets_wait_for_approval(office: Office) -> None:
    office.sign("li")
    office.sign("wang")
    verified = office.verify("--json")
    told = json.loads(verified.out)
    assert (verified.code, told["waiting"], told["withheld"]) == (0, ["example-enrolment"], [])
    said = office.verify("--lang", "zh").err
    assert "目录条目审核通过之前暂不提供：example-enrolment" in said


def test_chinese_says_why_a_bundle_is_refused(office: Office) -> None:
    office.sign("li")
    said = dxnode("policy", "verify", office.policies, "--config", office.config, "--lang", "zh").err
    assert "已签署：li" in said


def test_chinese_says_that_a_head_signs_no_policies(office: Office) -> None:
    words = "chen signs entries alone"
    keys = office.home / "keys"
    made = dxnode("pki", "officer", "chen", "--head", "--code", HR, "--out", keys, stdin=f"{words}\n")
    assert made.code == 0, made.err
    said = office.sign("chen-head", "--lang", "zh", words=words).err
    assert "不是本部门数据共享管理员的密钥。请另一位数据共享管理员签署" in said
    assert "the key" not in said


def test_bundle_that_gives_one_source_two_accounts_is_refused_before_it_is_in_place(office: Office) -> None:
    text = (office.policies / "example-enrolment.yaml").read_text("utf-8")
    statistic = (
        "  how-many: {title: 人数, title_en: How many, statistic: count, unit_contributes: 1, epsilon: 0.1}\n"
    )
    text = text.replace("questions:\n", f"questions:\n{statistic}", 1)
    text += "\nprivacy: {budget: {dataset: 1, organisation: 1, requester: 1}, period: year}\n"
    other = text.replace("dataset: example-enrolment", "dataset: example-payments", 1)
    for name, content in (("example-enrolment", text), ("example-payments", other)):
        (office.policies / f"{name}.yaml").write_text(content, "utf-8")
    names = ("example-enrolment", "example-payments")
    config = office.config.read_text()
    csv = "{csv: data/example-enrolment.csv}"
    assert f"sources: {{{names[0]}: {csv}}}" in config
    office.config.write_text(config.replace(csv, f"{csv}, {names[1]}: {csv}"))
    for officer in ("li", "wang"):
        assert office.sign(officer).code == 0
    for ran in (office.verify(), office.activate()):
        assert ran.code == Exit.USAGE
        assert "example-enrolment, example-payments have one source and different budget accounts" in ran.err
    assert office.active is None
    said = office.verify("--lang", "zh").err
    assert "使用同一数据来源，额度账户却不同" in said


def test_officer_who_is_not_in_the_directory_changes_nothing(office: Office) -> None:
    office.sign("li")
    office.sign("zhao")
    assert "signed by li" in office.activate().err
    assert office.active is None


@pytest.mark.parametrize(("lang", "said"), [("en", "2 of li, wang"), ("zh", "li、wang 中 2 人")])
def test_directory_show_names_officers_and_how_many_have_to_sign(
    office: Office, lang: str, said: str
) -> None:
    show = ("pki", "directory", "show", "--config", office.config, "--lang", lang)
    assert said in dxnode(*show).out
    (member,) = json.loads(dxnode(*show, "--json").out)["members"]
    assert (member["officers"], member["approvals"]) == (["li", "wang"], 2)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_officers_key_is_not_written_over(office: Office, lang: str) -> None:
    make = ("pki", "officer", "li", "--code", HR, "--out", office.home / "keys", "--lang", lang)
    again = dxnode(*make, stdin=f"{WORDS['li']}\n")
    assert again.code == Exit.USAGE
    assert {"en": "is there already", "zh": "已存在"}[lang] in again.err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_member_file_names_the_officers_whose_keys_are_in_it(office: Office, lang: str) -> None:
    out = office.home / "again.json"
    export = ("pki", "member", "--config", office.config, "--out", out, "--lang", lang)
    assert listing(("officer/li", "officer/wang"), lang) in dxnode(*export).out
    assert json.loads(dxnode(*export, "--json").out)["officers"] == ["officer/li", "officer/wang"]
    (office.node / "officers" / "wang.vkey").unlink()
    few = dxnode(*export)
    assert few.code == Exit.USAGE
    assert {"en": "1 officer is too few where 2", "zh": "只有 1 名数据共享管理员"}[lang] in few.err
    (office.node / "officers" / "li.vkey").unlink()
    assert {"en": "nobody can sign policies", "zh": "还无人可以签署策略"}[lang] in dxnode(*export).out


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_private_key_among_the_public_ones_is_refused(office: Office, lang: str) -> None:
    key = office.node / "officers" / "li.key"
    key.write_bytes((office.home / "keys" / "li.key").read_bytes())
    out = office.home / "again.json"
    ran = dxnode("pki", "member", "--config", office.config, "--out", out, "--lang", lang)
    assert ran.code == Exit.USAGE
    assert {"en": "is a private key", "zh": "这是私钥"}[lang] in ran.err
    assert not out.exists()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_wrong_member_file_is_no_directory_that_cannot_be_trusted(office: Office, lang: str) -> None:
    publish = ("pki", "directory", "publish", "--authority", office.home / "authority", "--lang", lang)
    other = dxnode(*publish, "--member", office.config)
    assert other.code == Exit.USAGE
    assert "`dxnode pki member`" in other.err
    member = json.loads((office.home / "member.json").read_text())
    described = json.dumps(member).replace('"approvals": 2', '"approvals": 9')
    (office.home / "wrong.json").write_text(described)
    wrong = dxnode(*publish, "--member", office.home / "wrong.json")
    assert wrong.code == Exit.USAGE
    assert {"en": "is no valid member file", "zh": "不是有效的成员文件"}[lang] in wrong.err
    assert {"en": "the 9 who", "zh": "所需的 9 人"}[lang] in wrong.err
    assert "DIRECTORY_INVALID" not in other.err + wrong.err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_settings_that_are_not_there_can_be_named(
    office: Office, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(office.home)
    for config in ((), ("--config", office.home)):
        ran = dxnode("policy", "verify", office.policies, *config, "--lang", lang)
        assert (ran.code, "--config" in ran.err) == (Exit.USAGE, True)
        assert "Is a directory" not in ran.err or lang == "en"


def test_officer_cannot_sign_twice(office: Office) -> None:
    office.sign("li")
    again = office.sign("li")
    assert again.code == Exit.USAGE
    assert "signed it already" in again.err


def test_wrong_passphrase_signs_nothing_and_is_not_repeated(office: Office) -> None:
    wrong = office.sign("li", words="not the passphrase")
    assert wrong.code == Exit.USAGE
    assert "the passphrase is wrong" in wrong.err
    assert "not the passphrase" not in wrong.err + wrong.out
    assert not (office.policies / MANIFEST).exists()


def test_second_officer_sees_version_and_time_before_giving_the_passphrase(office: Office) -> None:
    office.sign("li", "--version", "9007199254740991", "--from", "2099-01-01T00:00:00+08:00")
    asked = office.sign("wang", words="not the passphrase")
    assert asked.code == Exit.USAGE
    assert "9007199254740991" in asked.out
    assert "2099-01-01" in asked.out


def test_passphrase_comes_from_a_file_that_nobody_else_reads(office: Office) -> None:
    file = office.home / "words"
    file.write_text(WORDS["li"] + "\n")
    assert "others may read" in office.sign("li", "--passphrase-file", str(file), words="no").err
    file.chmod(0o600)
    assert office.sign("li", "--passphrase-file", str(file), words="no").code == 0


def test_passphrase_is_asked_for_unseen_and_twice_for_a_new_key(tmp_path: Path) -> None:
    make = ["pki", "officer", "li", "--code", HR, "--out", str(tmp_path)]
    words = "li reads every line"
    _, screen = at_a_terminal(make, [words, words + "s"])
    assert "differ" in screen
    assert not list(tmp_path.iterdir())
    _, screen = at_a_terminal(make, [words, words])
    assert words not in screen
    (tmp_path / "policies").mkdir()
    definitions = "purposes:\n  tax: {title: 税务, title_en: x}\n"
    (tmp_path / "policies" / "definitions.yaml").write_text(definitions, "utf-8")
    sign = ["policy", "sign", str(tmp_path / "policies"), "--key", str(tmp_path / "li.key")]
    said, screen = at_a_terminal(sign, [words])
    assert "li signed version 1" in said
    assert words not in screen


@pytest.mark.parametrize("path", [("policy", "sign"), ("pki", "officer")])
def test_no_command_takes_a_passphrase_on_its_command_line(path: tuple[str, str]) -> None:
    command = load_command(path[0])
    options = {opt for one in command.commands[path[1]].params for opt in one.opts}  # type: ignore[union-attr]
    assert {each for each in options if "pass" in each} == {"passphrase_file", "--passphrase-file"} & options


def test_second_officer_does_not_sign_what_was_changed_after_the_first(office: Office) -> None:
    office.sign("li")
    path = next(office.policies.glob("example-*.yaml"))
    path.write_text(path.read_text() + "# a word more\n")
    assert "is not the one that was signed" in office.sign("wang").err
    assert office.sign("wang", "--new").code == 0
    assert office.sign("li").code == 0
    assert (
        json.loads(dxnode("policy", "verify", office.policies, "--config", office.config, "--json").out)[
            "version"
        ]
        == 2
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_no_key_is_told_as_that_and_not_as_a_key_that_others_read(office: Office, lang: str) -> None:
    public = office.home / "keys" / "li.vkey"
    settings = office.node / "node.yaml"
    settings.chmod(0o644)
    for file in (public, settings):
        ran = dxnode("policy", "sign", office.policies, "--key", file, "--lang", lang)
        assert ran.code == Exit.USAGE
        assert "600" not in ran.err.replace(str(file), "")  # the mode, not a part of the path
        assert "详情" not in ran.err
    key = office.home / "keys" / "li.key"
    key.chmod(0o644)
    assert "600" in office.sign("li", "--lang", lang).err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_file_or_nothing_in_the_place_of_the_folder_is_told(office: Office, lang: str) -> None:
    office.sign("li")
    (file,) = (each for each in office.policies.glob("*.yaml") if each.name == "example-enrolment.yaml")
    key, config = office.home / "keys" / "li.key", office.config
    said = {"en": "is a file: name the folder", "zh": "所在的目录"}[lang]
    for command, option, value in (
        ("sign", "--key", key),
        ("verify", "--config", config),
        ("activate", "--config", config),
    ):
        ran = dxnode("policy", command, file, option, value, "--lang", lang)
        assert (ran.code, said in ran.err) == (Exit.USAGE, True)
        missing = dxnode("policy", command, office.home / "nowhere", option, value, "--lang", lang)
        assert (missing.code, "*.yaml" in missing.err) == (Exit.USAGE, True)


def test_officer_who_begins_anew_with_the_same_files_is_told(office: Office) -> None:
    office.sign("li")
    assert "leave --new out" in office.sign("wang", "--new").err
    assert "请不写 --new" in office.sign("wang", "--new", "--lang", "zh").err
    (office.policies / "definitions.yaml").open("a").write("# seen\n")
    assert "leave --new out" not in office.sign("wang", "--new").err


def test_refused_bundle_is_not_said_to_be_for_another_department_to_mend(office: Office) -> None:
    office.sign("li")
    for lang, other in (("en", "another department"), ("zh", "其他部门")):
        ran = dxnode("policy", "verify", office.policies, "--config", office.config, "--lang", lang)
        assert ran.code == Exit.USAGE
        assert other not in ran.err


def test_policies_with_a_problem_are_not_signed(office: Office) -> None:
    (office.policies / "bad.yaml").write_text("dataset: 7\n")
    assert office.sign("li").code != 0
    assert not (office.policies / MANIFEST).exists()


def test_older_version_is_not_activated_again(office: Office) -> None:
    office.sign("li", "--version", "5")
    office.sign("wang")
    assert office.activate().code == 0
    office.sign("li", "--new", "--version", "4")
    office.sign("wang")
    for refused in (office.verify(), office.activate()):
        assert refused.code == Exit.USAGE
        assert "version 5 was already in use" in refused.err
    assert (office.active or "").startswith("5-")


def test_bundle_whose_time_has_not_come_is_not_activated(office: Office) -> None:
    office.sign("li", "--from", "2099-01-01", "--days", "9")
    office.sign("wang")
    assert "wait until then" in office.activate().err
    assert "请等到那时" in office.verify("--lang", "zh").err
    for lang in ("en", "zh"):  # as it was given, in China's time
        assert "2099-01-01 00:00:00" in office.verify("--lang", lang).err
    assert office.active is None


def test_node_with_unsigned_policies_is_told_to_leave_them_first(office: Office) -> None:
    office.sign("li")
    office.sign("wang")
    office.config.write_text(office.config.read_text().replace("unsigned: false", "unsigned: true"))
    verified = office.verify()
    assert (verified.code, "can be activated" in verified.err) == (0, False)
    assert "policies.unsigned" in verified.err
    assert "policies.unsigned" in office.activate().err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_missing_before_a_bundle_is_said_in_plain_words(
    office: Office, tmp_path: Path, lang: str
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    key = office.home / "keys" / "li.key"
    signed = dxnode("policy", "sign", empty, "--key", key, "--lang", lang, stdin=f"{WORDS['li']}\n")
    assert (signed.code, "*.yaml" in signed.err) == (Exit.USAGE, True)
    assert not (empty / MANIFEST).exists()
    for command in ("verify", "activate"):
        ran = dxnode("policy", command, office.policies, "--config", office.config, "--lang", lang)
        assert (ran.code, "dxnode policy sign" in ran.err) == (Exit.USAGE, True)
        assert "详情" not in ran.err
