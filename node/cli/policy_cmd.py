"""`dxnode policy`: checks policy files, and explains what they decide."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from node.cli import bundle_cmd, policy_output, policy_report
from node.cli.exits import Exit
from node.cli.options import moment_from, parameters_from
from node.cli.output import CHINA, Terminal, report
from node.cli.policy_diff_cmd import diff
from node.cli.policy_files import read_files
from node.cli.policy_output import Format, Sources
from node.cli.policy_table_cmd import run_tables
from node.cli.session import with_terminal
from node.cli.text import language
from node.cli.workdays_cmd import calendar_of
from node.core.explain import explain as explain_request
from node.core.grant import Grant, GrantState
from node.core.identity import normalise_credit_code, normalise_region
from node.core.policy import PolicyFile
from node.core.policy_build import build_policies, check_files
from node.core.policy_format import DefinitionsPart, PolicyPart, schema_text
from node.core.policy_lint import lint
from node.core.problem import Problem, Severity
from node.core.problem_messages import Lang
from node.core.request import Request, Requester
from node.errors import NodeError

app = typer.Typer()
bundle_cmd.add_to(app)
app.command("test")(run_tables)


@app.command("check")
@with_terminal
def check(
    terminal: Terminal,
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    format_: Annotated[Format, typer.Option("--format")] = Format.TEXT,
    allow_warnings: Annotated[bool, typer.Option("--allow-warnings")] = False,
) -> None:
    """Find every problem in policy files, or in all of a folder; the exit code says how grave they are."""
    if terminal.json and format_ is not Format.TEXT:
        raise typer.BadParameter("--json / --format")
    try:
        files = read_files(paths)
    except NodeError as error:
        report(error, as_json=terminal.json)
        raise typer.Exit(Exit.UNREADABLE) from None
    checked = check_files(files)
    warnings = lint(files, checked, datetime.now(CHINA).date())
    problems = sorted((*checked.problems, *warnings), key=_order)
    _write(terminal, format_, problems, files)
    datasets = len(checked.policies.datasets) if checked.policies is not None else 0
    terminal.note(policy_report.check_summary(problems, len(files), datasets, _lang()))
    grave = {problem.severity for problem in problems if not problem.because}
    if Severity.ERROR in grave:
        raise typer.Exit(Exit.USAGE)
    if Severity.WARNING in grave and not allow_warnings:
        raise typer.Exit(Exit.WARNINGS)


def _order(problem: Problem) -> tuple[bool, str, int, int]:
    """By place; what was not analysed comes last."""
    return problem.severity is Severity.NOTE, problem.file, problem.line, problem.column


def _write(
    terminal: Terminal, format_: Format, problems: Sequence[Problem], files: Sequence[PolicyFile]
) -> None:
    lang = _lang()
    if terminal.json:
        terminal.document(policy_report.problem_views(problems, lang))
    elif format_ is Format.SARIF:
        terminal.document(policy_output.sarif(problems, Sources.of(files), lang))
    else:
        lines = (
            policy_output.github_lines(problems, lang)
            if format_ is Format.GITHUB
            else policy_output.text_lines(problems, Sources.of(files), lang)
        )
        for line in lines:
            sys.stdout.write(line + "\n")


@app.command("explain")
@with_terminal
def explain(
    terminal: Terminal,
    dataset: Annotated[str, typer.Argument()],
    question: Annotated[str, typer.Argument()],
    requester: Annotated[str, typer.Option("--requester")],
    purpose: Annotated[str, typer.Option("--purpose")],
    policies: Annotated[list[Path] | None, typer.Option("--policies")] = None,
    region: Annotated[str, typer.Option("--region")] = "000000",
    level: Annotated[str, typer.Option("--level")] = "city",
    param: Annotated[list[str] | None, typer.Option("--param")] = None,
    claim: Annotated[list[str] | None, typer.Option("--claim")] = None,
    case: Annotated[str, typer.Option("--case")] = "",
    subjects: Annotated[int | None, typer.Option("--subjects", min=0)] = None,
    at: Annotated[str, typer.Option("--at")] = "",
    holidays: Annotated[Path | None, typer.Option("--holidays")] = None,
) -> None:
    """Say why a request would be permitted or denied by the rules, supposing a grant that covers it."""
    loaded = build_policies(read_files(policies or [Path("policies")]))
    policy = loaded.get(dataset)
    known = policy.questions.get(question) if policy is not None else None
    statistic = known is not None and known.statistic is not None
    moment = moment_from(at) if at else datetime.now(UTC)
    code = normalise_credit_code(requester)
    request = Request(
        requester=Requester(code, normalise_region(region), level, suspended=False),
        dataset=dataset,
        question=question,
        parameters=tuple(parameters_from(param).items()),
        claims=frozenset(claim or ()),
        purpose=purpose,
        case_number=case,
        grant_id="(supposed)",
        subjects=subjects if subjects is not None else 0 if statistic else 1,
        at=moment,
    )
    grant = _supposed_grant(request)
    explanation = explain_request(loaded, lambda _: grant, request, calendar_of(holidays))
    if terminal.json:
        terminal.document(policy_report.explanation_view(explanation, _lang()))
        return
    for line in policy_report.explanation_lines(explanation, _lang()):
        sys.stdout.write(line + "\n")


app.command("diff")(diff)


@app.command("schema")
def schema(definitions: Annotated[bool, typer.Option("--definitions")] = False) -> None:
    """Print the JSON Schema of policy files, or of the shared definitions, for editors."""
    sys.stdout.write(schema_text(DefinitionsPart if definitions else PolicyPart))


def _lang() -> Lang:
    return "zh" if language() == "zh" else "en"


def _supposed_grant(request: Request) -> Grant:
    return Grant(
        id=request.grant_id,
        provider="",
        requester=request.requester.code,
        dataset=request.dataset,
        questions=frozenset({request.question}),
        purposes=(request.purpose,),
        region="",
        subjects_per_day=0,
        valid_from=request.at - timedelta(days=1),
        valid_until=request.at + timedelta(days=1),
        state=GrantState.ACTIVE,
        basis="",
        scenario="",
        note="",
    )
