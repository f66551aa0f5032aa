"""`dxnode policy`: what officers see, and the exit codes that a pipeline relies on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.policy_samples import CLEAN, HEAD, POLICY, TAX
from typer.testing import CliRunner, Result

from node.cli.policy.commands import app
from node.cli.policy.files import read_files
from node.cli.terminal.exits import Exit
from node.core.reading.build import check_files
from node.core.reading.document import MAX_BYTES
from node.errors import NodeError, Reason
from node.texts.wording import use_language

# The two rules of the sample overlap with different limits.
PURPOSES = """\
purposes:
  social-insurance: {title: 社会保险, title_en: x}
  social-insurance/pension: {title: 养老, title_en: x}
  social-insurance/pension/deferral: {title: 延缴, title_en: x}
"""


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A folder with one policy and the purposes."""
    (tmp_path / "pension.yaml").write_text(CLEAN, "utf-8")
    (tmp_path / "definitions.yaml").write_text(PURPOSES, "utf-8")
    return tmp_path


@pytest.fixture(params=["en", "zh"])
def lang(request: pytest.FixtureRequest) -> str:
    """Each language in turn."""
    return str(request.param)


def _run(*args: str, lang: str = "en") -> Result:
    use_language(lang)
    return CliRunner().invoke(app, list(args))


def test_good_policies_pass(policies: Path, lang: str) -> None:
    result = _run("check", str(policies), lang=lang)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "2" in result.stderr


def test_warnings_have_an_exit_code_of_their_own_and_can_be_allowed(policies: Path, lang: str) -> None:
    path = policies / "pension.yaml"
    path.write_text(
        POLICY.replace("allow: [is-enrolled, months-at-least, ", "allow: [is-enrolled, "), "utf-8"
    )
    result = _run("check", str(policies), lang=lang)
    assert result.exit_code == 11
    assert "[lint.question-unused]" in result.stdout
    assert _run("check", str(policies), "--allow-warnings").exit_code == 0
    assert _run("check", str(policies), "--format", "github").stdout.startswith("::warning file=")


def test_problems_are_told_by_file_line_and_column_with_exit_code_2(policies: Path, lang: str) -> None:
    path = policies / "pension.yaml"
    path.write_text(POLICY.replace("'active'\"}", "'aktive'\"}"), "utf-8")
    result = _run("check", str(path), lang=lang)
    assert result.exit_code == 2
    line = HEAD.count("\n") + 2
    assert result.stdout.startswith(f"{path}:{line}:58: ")
    assert "active" in result.stdout


def test_problems_as_json_are_stable_for_programs(policies: Path) -> None:
    path = policies / "pension.yaml"
    path.write_text(POLICY.replace("update: daily", "update: dayly"), "utf-8")
    result = _run("check", str(path), "--json")
    assert result.exit_code == 2
    problem, note = json.loads(result.stdout)
    assert (note["key"], note["severity"]) == ("lint.file-skipped", "note")
    assert problem == {
        "file": str(path),
        "line": 6,
        "column": 9,
        "end_column": 14,
        "key": "value.choice",
        "severity": "error",
        "words": "dayly",
        "message": "'dayly' is not one of the values that can stand here",
        "hint": "did you mean 'daily'?",
        "article": 0,
        "accepted": "",
        "acceptance": "",
    }


def test_purposes_beside_a_file_come_along(policies: Path) -> None:
    (policies / "definitions.yaml").write_text("purposes:\n  tax: {title: 税务, title_en: x}\n", "utf-8")
    result = _run("check", str(policies / "pension.yaml"))
    assert result.exit_code == 2
    assert "social-insurance/pension/deferral" in result.stdout


def test_a_file_that_is_named_twice_is_read_once(policies: Path) -> None:
    path = policies / "pension.yaml"
    assert len(read_files([path, policies, path])) == 2


def test_a_table_of_tests_is_left_out_beside_policies_and_told_when_it_is_alone(policies: Path) -> None:
    table = policies / "pension.test.yaml"
    table.write_text("tests: []\n", "utf-8")
    assert read_files([policies / "pension.yaml", table]) == read_files([policies / "pension.yaml"])
    for lang in ("en", "zh"):
        alone = dxnode("policy", "check", table, "--lang", lang)
        assert alone.code == Exit.UNREADABLE
        assert "`dxnode policy test`" in alone.err
        assert "详情" not in alone.err


def test_what_cannot_be_read_is_a_typed_error(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.yaml", tmp_path):
        with pytest.raises(NodeError) as caught:
            read_files([path])
        assert caught.value.reason is Reason.CONFIG_INVALID


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(50 << 20)
    (file_read,) = read_files([path])
    assert len(file_read.content) == MAX_BYTES + 1
    assert [each.key for each in check_files([file_read]).problems] == ["file.too-large"]


def _explain(policies: Path, *args: str, lang: str = "en") -> Result:
    return _run(
        "explain",
        "pension-insurance",
        "is-enrolled",
        f"--policies={policies}",
        f"--requester={TAX}",
        "--region=441900",
        *args,
        lang=lang,
    )


def test_a_permit_is_explained(policies: Path, lang: str) -> None:
    result = _explain(policies, "--purpose=social-insurance/pension/deferral", lang=lang)
    assert result.exit_code == 0
    assert "tax-deferral" in result.stdout.splitlines()[0]


def test_a_denial_is_explained_with_every_clause(policies: Path) -> None:
    result = _explain(policies, "--purpose=social-insurance/pension", "--at=2026-11-22T20:00")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "deny: a condition for asking does not hold now (CONDITION_NOT_MET)"
    assert lines[1].startswith("for a permit by the rule 'office', the closest one")
    assert [line[:4] for line in lines[2:5]] == ["  1.", "  2.", "  3."]
    assert "  ✗ case number: -  (needs DG-####)" in lines
    assert "  ✗ working day: 2026-11-22 day off  (needs workday)" in lines
    assert "  ✗ hours: 20:00  (needs 08:30-17:30)" in lines


def test_a_denial_is_explained_in_chinese(policies: Path) -> None:
    result = _explain(policies, "--purpose=social-insurance/pension", "--at=2026-11-22T20:00", lang="zh")
    assert "  ✗ 工作日：2026-11-22 休息日（需要 工作日）" in result.stdout.splitlines()


def test_days_beyond_the_known_calendar_are_called_provisional(policies: Path) -> None:
    result = _explain(policies, "--purpose=social-insurance/pension", "--at=2044-11-22T20:00")
    assert "provisional" in result.stdout.splitlines()[-1]


def test_an_explanation_as_json(policies: Path) -> None:
    result = _explain(
        policies, "--purpose=social-insurance/pension", "--case=DG-2026", "--at=2026-11-23T20:00", "--json"
    )
    document = json.loads(result.stdout)
    decided = {key: document[key] for key in ("permit", "reason", "rule", "clause")}
    assert decided == {
        "permit": False,
        "reason": "CONDITION_NOT_MET",
        "rule": "office",
        "clause": "when.hours",
    }
    assert [rule["rule"] for rule in document["rules"]] == ["tax-deferral", "office"]


def test_schemas_are_printed() -> None:
    assert json.loads(_run("schema").stdout)["title"] == "dxnode policy"
    assert json.loads(_run("schema", "--definitions").stdout)["title"] == "dxnode definitions"
    assert json.loads(_run("schema", "--tables").stdout)["title"] == "dxnode policy tests"
    assert _run("schema", "--definitions", "--tables").exit_code == 2
