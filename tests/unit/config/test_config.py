"""Settings are read exactly, or refused with the place of every mistake."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from node.config.file import (
    SettingProblem,
    changed_settings,
    load_settings,
    parse_settings,
    read_settings,
    reference,
    show_settings,
)
from node.config.settings import Settings
from node.errors import NodeError, Reason
from node.texts.wording import LANGUAGES, say

BASE = Path("/srv/node")
SMALLEST = """\
department:
  code: 11441900000000019Y
  title: 人社局
  region: 441900
  level: city
  organisation: 市政府
authority: dxnode/1144190000000006X2/directory+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
exchange:
  advertise: hr.example:8443
"""


def parsed(text: str) -> Settings:
    settings, problems = parse_settings("node.yaml", text.encode(), BASE)
    assert not problems
    assert settings is not None
    return settings


def refused(text: str) -> tuple[SettingProblem, ...]:
    settings, problems = parse_settings("node.yaml", text.encode(), BASE)
    assert settings is None
    assert problems
    return problems


def only(text: str) -> SettingProblem:
    (problem,) = refused(text)
    return problem


def examples(text: str) -> str:
    """The reference with its examples in place of the empty defaults above them."""
    text = re.sub(r"^(sources|roles): \{\}\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^( *)#> ", r"\1", text, flags=re.MULTILINE)


def test_reference_holds_the_defaults() -> None:
    written = parsed(reference())
    required = {"department", "authority"}
    bare = parsed(SMALLEST)
    assert written.model_dump(exclude={*required, "exchange"}) == bare.model_dump(
        exclude={*required, "exchange"}
    )
    assert written.exchange.model_dump(exclude={"advertise"}) == bare.exchange.model_dump(
        exclude={"advertise"}
    )


def test_examples_of_the_reference_are_valid() -> None:
    shown = parsed(examples(reference()))
    assert set(shown.sources) == {"pension-insurance", "work-injury"}
    assert shown.roles.rules()["clerk"].purposes == ("social-insurance/pension",)
    assert shown.exchange.roots == BASE / "tls/exchange-roots.pem"


def fields(model: type[BaseModel]) -> set[str]:
    names = set(model.model_fields)
    for field in model.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names |= fields(field.annotation)
    return names


def test_reference_names_every_setting() -> None:
    text = reference()
    roles = {"officer", "auditor"}
    assert {name for name in fields(Settings) - roles if f"{name}:" not in text} == set()


def test_relative_paths_count_from_the_file_and_absolute_ones_stay() -> None:
    settings = parsed(SMALLEST + "keys: ../keys\nstate: /var/lib/dxnode\ndesk: {socket: /run/desk.sock}\n")
    assert settings.keys == BASE / "../keys"
    assert settings.state == Path("/var/lib/dxnode")
    assert settings.desk.certificate == BASE / "tls/desk.pem"
    assert parsed(SMALLEST).desk.socket == BASE / "state/desk.sock"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parsed(SMALLEST).timezone = "UTC"


def test_unknown_setting_is_refused_with_its_place_and_what_was_meant() -> None:
    problem = only(SMALLEST + "desk:\n  lisen: 127.0.0.1:1\n")
    assert str(problem) == "node.yaml:11:3: unknown setting desk.lisen: did you mean listen?"


def test_unknown_setting_that_resembles_nothing_lists_the_known_ones() -> None:
    problem = only(SMALLEST + "log:\n  flavour: sweet\n")
    assert problem.setting == "log.flavour"
    assert "cosign_every_records, cosign_every_seconds, retention_years" in problem.message


def test_unknown_key_of_a_source_is_told_from_the_keys_of_a_source() -> None:
    problem = only(SMALLEST + "sources:\n  pension-insurance:\n    csvv: a.csv\n    csv: a.csv\n")
    assert (problem.line, problem.column) == (12, 5)
    assert "did you mean csv?" in problem.message


def test_every_problem_is_told_in_the_order_of_the_file() -> None:
    problems = refused(SMALLEST + "limits: {concurrent: 0}\nlog: {retention_years: 2}\nreflection: true\n")
    assert [(problem.line, problem.setting) for problem in problems] == [
        (10, "limits.concurrent"),
        (11, "log.retention_years"),
        (12, "reflection"),
    ]


def test_missing_setting_is_told_where_it_belongs() -> None:
    problem = only(SMALLEST.replace("  level: city\n", ""))
    assert (problem.line, problem.setting) == (1, "department.level")
    assert problem.message.startswith("department.level is missing")


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("log: {retention_years: 2}", "must be at least 3"),
        ("limits: {chunk_subjects: 1001}", "must be at most 1000"),
        ("limits: {chunk_subjects: 1_000}", "whole number"),
        ("limits: {chunk_subjects: '5'}", "whole number"),
        ("limits: {chunk_subjects: 1e2}", "whole number"),
        ("desk: {reflection: yes}", "true or false"),
        ("desk: {listen: localhost}", "port is missing"),
        ("desk: {listen: 'localhost:70000'}", "from 1 to 65535"),
        ("desk: {socket: " + "s" * 120 + "}", "too long for a Unix socket"),
        ("desk: 7", "must hold settings"),
        ("timezone: Asia/Atlantis", "time zone"),
        ("timezone: ../../etc/passwd", "time zone"),
        ("sources: {Pension: {csv: a}}", "name of a dataset"),
        ("sources: {pension: {encoding: utf-8}}", "exactly one of"),
        ("sources: {pension: {csv: a, parquet: b}}", "exactly one of"),
        ("sources: {pension: {csv: a, table: b}}", "must not have table"),
        ("sources: {pension: {csv: a, encoding: latin-1}}", "one of utf-8, gb18030"),
        ("sources: {pension: {url_env: DB}}", "needs table"),
        ("sources: {pension: {url_env: DB, table: 'a; drop table b'}}", "table or schema.table"),
        ("sources: {pension: {url_env: A B, table: a}}", "environment variable"),
        ("sources: {pension: {url: localhost, table: a}}", "database URL"),
        ("roles: {clerk: {questions: []}}", "at least 1"),
        ("roles: {clerk: {questions: [is-enrolled]}}", "dataset/question"),
        ("roles: {clerk: {questions: ['*/*'], purposes: [A]}}", "must be a purpose"),
        ("roles: {clark: {questions: ['*/*']}}", "did you mean clerk?"),
        ("policies: {folder: ''}", "must be a path"),
        ("policies: &a x", "anchor"),
        ("policies: x\npolicies: y", "twice"),
        ("authority2: x", "did you mean authority?"),
    ],
)
def test_bad_setting_is_refused(addition: str, message: str) -> None:
    problem = only(SMALLEST + addition + "\n")
    assert message in problem.message
    assert problem.line >= 10


@pytest.mark.parametrize("mark", ["state/mark", "state", "state/a/b"])
def test_mark_cannot_lie_inside_of_the_state(mark: str) -> None:
    assert "inside state" in only(SMALLEST + f"mark: {mark}\n").message
    assert parsed(SMALLEST + "mark: elsewhere/state\n").mark == BASE / "elsewhere" / "state"


@pytest.mark.parametrize(
    ("limits", "key", "number"),
    [
        ("{deadline_seconds: 32}", "deadline-too-short", 33),
        ("{source_seconds: 60}", "deadline-too-short", 128),
        ("{counts_wait_seconds: 60}", "deadline-too-short", 78),
        ("{deadline_seconds: 600, source_seconds: 300}", "source-too-slow", 600),
    ],
)
def test_call_that_ends_before_the_work_of_a_provider_is_refused(limits: str, key: str, number: int) -> None:
    problem = only(f"{SMALLEST}limits: {limits}\n")
    assert problem.wording.key == f"setting.problem.{key}"
    assert number in problem.wording.args.values()
    for lang in LANGUAGES:
        assert "deadline_seconds" in say(problem.wording, lang)


def test_exchange_and_desk_cannot_share_a_port() -> None:
    assert "must differ" in only(SMALLEST + "desk: {listen: '0.0.0.0:8443'}\n").message


@pytest.mark.parametrize(
    ("good", "bad", "line"),
    [
        ("11441900000000019Y", "11441900000000019X", 2),
        ("region: 441900", "region: 44190", 4),
        ("level: city", "level: village", 5),
        ("dxnode/1144190000000006X2/directory+", "", 7),
        ("hr.example:8443", "hr.example", 9),
        ("hr.example:8443", "hr.example:0", 9),
    ],
)
def test_bad_identity_is_refused(good: str, bad: str, line: int) -> None:
    assert only(SMALLEST.replace(good, bad)).line == line


@pytest.mark.parametrize(
    "text", ["", "- a\n", "a: [", "\t", "\x00", "a: !!python/object:os.system x\n", "[" * 999]
)
def test_what_is_no_settings_file_is_refused(text: str) -> None:
    refused(text)


PASSWORD = "correct-horse"  # noqa: S105  # what the messages below must not repeat


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://reader:{PASSWORD}@db.example/people",
        f"postgresql+psycopg://reader@db.example/people?password={PASSWORD}",
        f"postgresql+psycopg://reader@db.example/people?sslpassword={PASSWORD}",
        f"postgresql+psycopg://reader:{PASSWORD}@[db/people",
    ],
)
def test_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    problem = only(SMALLEST + f"sources: {{pension: {{url: '{url}', table: people}}}}\n")
    assert "url" in problem.message
    assert PASSWORD not in problem.message


def source_of(where: str) -> str:
    return SMALLEST + f"sources: {{pension: {{{where}, table: people}}}}\n"


def test_database_url_comes_from_a_file_or_the_environment(tmp_path: Path) -> None:
    secret = f"postgresql+psycopg://reader:{PASSWORD}@db.example/people"
    (tmp_path / "url").write_text(secret + "\n")
    in_file = parsed(source_of(f"url_file: {tmp_path}/url"))
    in_environment = parsed(source_of("url_env: PENSION_URL"))
    assert in_file.sources["pension"].database_url({}) == secret
    assert in_environment.sources["pension"].database_url({"PENSION_URL": secret}) == secret
    for settings in (in_file, in_environment):
        assert PASSWORD not in show_settings(settings) + repr(settings)


def test_missing_secret_is_told_without_guessing(tmp_path: Path) -> None:
    for where, told in (("url_env: PENSION_URL", "PENSION_URL"), (f"url_file: {tmp_path}/none", "none")):
        with pytest.raises(NodeError, match=told) as caught:
            parsed(source_of(where)).sources["pension"].database_url({})
        assert caught.value.reason is Reason.CONFIG_INVALID


def test_shown_settings_name_defaults_and_hide_what_follows_a_url() -> None:
    shown = show_settings(parsed(source_of("url: 'postgresql+psycopg://reader@db.example/people?options=x'")))
    assert "retention_years: 3" in shown
    assert "postgresql+psycopg://db.example/people\n" in shown
    assert "options" not in shown
    assert "人社局" in shown


def test_file_is_loaded_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text(SMALLEST)
    assert load_settings(path).keys == tmp_path / "keys"


def test_missing_file_is_told() -> None:
    _, (problem,) = read_settings(Path("nowhere/node.yaml"))
    assert "cannot be read" in problem.message


def test_error_of_loading_names_the_first_place_and_counts_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text(SMALLEST + "".join(f"unknown{number}: 1\n" for number in range(7)))
    with pytest.raises(NodeError) as caught:
        load_settings(path)
    assert caught.value.metadata["line"] == "10"
    assert caught.value.message.endswith("and 2 more")


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("", "", ()),
        ("", "limits: {concurrent: 256}\n", ()),  # the default, spelled out
        ("", "limits: {concurrent: 7, batch_chunks: 9}\n", ("limits.concurrent", "limits.batch_chunks")),
        ("", "timezone: Asia/Urumqi\nkeys: other\n", ("keys", "timezone")),
        ("sources: {a: {csv: a.csv}}\n", "sources: {b: {csv: a.csv}}\n", ("sources.a", "sources.b")),
        ("sources: {a: {csv: a.csv}}\n", "sources: {a: {csv: b.csv}}\n", ("sources.a.csv",)),
    ],
)
def test_changed_settings_are_named(old: str, new: str, changed: tuple[str, ...]) -> None:
    assert changed_settings(parsed(SMALLEST + old), parsed(SMALLEST + new)) == changed
