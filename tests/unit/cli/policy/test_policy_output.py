"""Claims about what terminals, pipelines and code scanners read of `dxnode policy check`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from support.cli_run import dxnode
from support.policy_samples import CLEAN, POLICY

from node.cli.policy.output import MAX_SHOWN, Sources, github_lines, sarif, text_lines
from node.cli.terminal.exits import Exit
from node.cli.terminal.output import Json
from node.core.policy.policy import PolicyFile
from node.core.reading.build import check_files
from node.core.text.problem import Problem
from node.core.text.problem_kinds import ARTICLES, NOTES, WARNINGS, problem_texts

WRONG = POLICY.replace("type: text, sens", "type: txet, sens").replace("daily", "dayly")
SECRET = POLICY.replace("personal: true}", "personal: true, secret: true}")


def _problems(text: str, name: str = "p.yaml") -> tuple[tuple[Problem, ...], Sources]:
    files = [PolicyFile(name, text.encode())]
    return check_files(files).problems, Sources.of(files)


def _object(value: Json) -> dict[str, Json]:
    assert isinstance(value, dict)
    return value


def _list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value


def test_the_words_at_fault_are_underlined_also_behind_chinese() -> None:
    problems, sources = _problems(WRONG)
    lines = list(text_lines(problems, sources, "en"))
    shown = next(number for number, line in enumerate(lines) if "txet" in line and "|" in line)
    line, marks = lines[shown], lines[shown + 1]
    ahead = line[: line.index("txet")]
    # Each of the two characters of 姓名 takes two columns of a terminal.
    assert marks.index("^") == len(ahead) + 2
    assert marks.strip(" |") == "^^^^"
    assert lines[0].startswith("p.yaml:6:9: error: 'dayly'")
    assert "  hint: did you mean 'daily'?" in lines


def test_a_very_long_line_is_shown_around_the_fault() -> None:
    text = POLICY.replace("\"status = 'active'\"}", f"\"status IN ({'1,' * 200} 'x') AND nowhere = 1\"}}", 1)
    problems, sources = _problems(text)
    for line in text_lines(problems, sources, "en"):
        assert "^" in line or "|" not in line or len(line) <= MAX_SHOWN + 20
    last = [line for line in text_lines(problems, sources, "en") if "^" in line][-1]
    assert 0 < last.index("^") <= MAX_SHOWN + 20


@pytest.mark.parametrize(("lang", "law"), [("en", "Decree 809, Art. 3"), ("zh", "国务院令第809号第3条")])
def test_the_article_behind_a_problem_is_named(lang: str, law: str) -> None:
    problems, sources = _problems(SECRET)
    lines = list(text_lines(problems, sources, "zh" if lang == "zh" else "en"))
    assert lines[-1].endswith(law)
    assert [problem.article for problem in problems] == [3]


def test_articles_and_grades_belong_to_messages_that_exist() -> None:
    assert ARTICLES.keys() <= problem_texts("en").keys()
    assert problem_texts("en").keys() >= WARNINGS | NOTES
    assert not WARNINGS & NOTES
    assert all(1 <= article <= 44 for article in ARTICLES.values())


def test_annotations_have_place_and_level() -> None:
    problems, _ = _problems(WRONG, "policies/p.yaml")
    first = next(github_lines(problems, "en"))
    assert first == (
        "::error file=policies/p.yaml,line=6,endLine=6,col=9,endColumn=14,title=value.choice"
        "::'dayly' is not one of the values that can stand here%0Ahint: did you mean 'daily'?"
    )


def test_no_file_can_write_a_workflow_command_of_its_own() -> None:
    problem = Problem(
        "a,line=1::b\n::stop.yaml", 1, 1, "name.spelling", (("words", "x%0A\n::error::y"),), "x", 1
    )
    (line,) = github_lines([problem], "en")
    assert "\n" not in line
    properties, _, message = line.removeprefix("::error ").partition("::")
    assert properties.startswith("file=a%2Cline=1%3A%3Ab%0A%3A%3Astop.yaml,line=1,")
    assert message.startswith("'x%250A%0A::error::y'")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_sarif_keeps_to_the_schema(lang: str) -> None:
    problems, sources = _problems(WRONG + SECRET.replace("dataset:", "datasets:"))
    assert problems
    _check_sarif(sarif(problems, sources, "zh" if lang == "zh" else "en"))


def _check_sarif(log: Json) -> None:
    """What SARIF 2.1.0 asks of the parts that we write (its sections 3.13, 3.14, 3.19, 3.27 to 3.30)."""
    top = _object(log)
    assert top["version"] == "2.1.0"
    assert str(top["$schema"]).startswith("https://")
    (run,) = map(_object, _list(top["runs"]))
    assert run.keys() <= {"tool", "language", "columnKind", "invocations", "results"}
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    assert re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", str(run["language"]))
    (invocation,) = map(_object, _list(run["invocations"]))
    assert isinstance(invocation["executionSuccessful"], bool)
    driver = _object(_object(run["tool"])["driver"])
    assert isinstance(driver["name"], str)
    assert re.fullmatch(r"\d+\.\d+\.\d+", str(driver["semanticVersion"]))
    rules = [_object(rule) for rule in _list(driver["rules"])]
    assert len({str(rule["id"]) for rule in rules}) == len(rules)
    for rule in rules:
        for key in ("shortDescription", "help"):
            assert str(_object(rule[key])["text"]).strip()
            assert "{" not in str(_object(rule[key])["text"])
        assert _object(rule["defaultConfiguration"])["level"] in ("none", "note", "warning", "error")
    for result in map(_object, _list(run["results"])):
        number = result["ruleIndex"]
        assert isinstance(number, int)
        assert rules[number]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert str(_object(result["message"])["text"]).strip()
        (location,) = map(_object, _list(result["locations"]))
        physical = _object(location["physicalLocation"])
        uri = str(_object(physical["artifactLocation"])["uri"])
        assert re.fullmatch(r"(file:///)?[A-Za-z0-9._~/%-]+", uri)
        region = cast("Mapping[str, int]", _object(physical["region"]))
        assert region["startLine"] >= 1
        assert region["endLine"] == region["startLine"]
        assert 1 <= region["startColumn"] <= region["endColumn"]


def test_sarif_names_files_by_uri_and_shows_the_words() -> None:
    problems, sources = _problems(WRONG, "政策 1/p.yaml")
    log = _object(sarif(problems, sources, "en"))
    results = _list(_object(_list(log["runs"])[0])["results"])
    physical = _object(_object(_list(_object(results[0])["locations"])[0])["physicalLocation"])
    assert _object(physical["artifactLocation"])["uri"] == "%E6%94%BF%E7%AD%96%201/p.yaml"
    assert _object(_object(physical["region"])["snippet"])["text"] == "dayly"


def test_sarif_of_good_policies_has_no_results(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(CLEAN, "utf-8")
    ran = dxnode("policy", "check", tmp_path / "p.yaml", "--format", "sarif")
    assert ran.code == Exit.OK
    log = json.loads(ran.out)
    _check_sarif(log)
    assert [each for each in log["runs"][0]["results"] if each["level"] != "note"] == []


def test_formats_do_not_mix(tmp_path: Path) -> None:
    assert dxnode("policy", "check", tmp_path, "--json", "--format", "sarif").code == Exit.USAGE


def test_exit_codes_tell_errors_from_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    assert dxnode("policy", "check", path).code == Exit.UNREADABLE
    assert dxnode("policy", "check", tmp_path).code == Exit.UNREADABLE
    path.write_text(WRONG, "utf-8")
    for form in ("text", "github", "sarif"):
        assert dxnode("policy", "check", path, "--format", form).code == Exit.USAGE


def test_a_link_out_of_the_folder_is_refused_and_one_within_is_not(tmp_path: Path) -> None:
    folder, outside = tmp_path / "policies", tmp_path / "outside.yaml"
    folder.mkdir()
    (folder / "..data").mkdir()
    (folder / "..data" / "p.yaml").write_text(POLICY, "utf-8")
    os.symlink("..data/p.yaml", folder / "p.yaml")
    assert dxnode("policy", "check", folder, "--allow-warnings").code == Exit.OK
    outside.write_text(POLICY, "utf-8")
    os.symlink(outside, folder / "q.yaml")
    ran = dxnode("policy", "check", folder, "--lang", "zh")
    assert ran.code == Exit.UNREADABLE
    assert "q.yaml 是指向目录之外的链接" in ran.err
