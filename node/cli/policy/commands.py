"""`dxnode policy`: checks policy files, and explains what they decide."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from node.analysis.lint.lint import lint
from node.analysis.tests.hover import table_schema_text
from node.cli.policy import bundle_cmd
from node.cli.policy import output as policy_output
from node.cli.policy import report as policy_report
from node.cli.policy.diff_cmd import diff
from node.cli.policy.explain_cmd import explain
from node.cli.policy.files import read_files, unread_files
from node.cli.policy.members import read_members
from node.cli.policy.new_cmd import new
from node.cli.policy.output import Format, Sources
from node.cli.policy.tests_cmd import run_tables
from node.cli.terminal.exits import Exit
from node.cli.terminal.output import Terminal, harmless, report
from node.cli.terminal.session import with_terminal
from node.core.policy.policy import PolicyFile
from node.core.reading.build import check_files
from node.core.reading.format import DefinitionsPart, PolicyPart, schema_text
from node.core.text.problem import Problem, Severity
from node.errors import NodeError
from node.texts.wording import CHINA, language

app = typer.Typer()


@with_terminal
def check(
    terminal: Terminal,
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    format_: Annotated[Format, typer.Option("--format")] = Format.TEXT,
    allow_warnings: Annotated[bool, typer.Option("--allow-warnings")] = False,
    directory: Annotated[Path | None, typer.Option("--directory", show_default=False)] = None,
    authority_key: Annotated[str, typer.Option("--authority-key", show_default=False)] = "",
) -> None:
    """Find every problem in policy files, or in all of a folder; the exit code says how grave they are."""
    if terminal.json and format_ is not Format.TEXT:
        raise typer.BadParameter("--json / --format")
    try:
        files = read_files(paths)
    except NodeError as error:
        report(error, as_json=terminal.json)
        raise typer.Exit(Exit.UNREADABLE) from None
    members = read_members(directory, authority_key) if directory is not None else None
    checked = check_files(files)
    warnings = lint(files, checked, datetime.now(CHINA).date(), members)
    problems = sorted((*checked.problems, *warnings, *unread_files(paths)), key=_order)
    _write(terminal, format_, problems, files)
    datasets = len(checked.policies.datasets) if checked.policies is not None else 0
    terminal.note(policy_report.check_summary(problems, len(files), datasets, language()))
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
    lang = language()
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
            sys.stdout.write(harmless(line) + "\n")


def schema(
    definitions: Annotated[bool, typer.Option("--definitions")] = False,
    tables: Annotated[bool, typer.Option("--tables")] = False,
) -> None:
    """Print the JSON Schema of policy files, shared definitions, or tables of tests, for editors."""
    if definitions and tables:
        raise typer.BadParameter("--definitions / --tables")
    kind = DefinitionsPart if definitions else PolicyPart
    sys.stdout.write(table_schema_text() if tables else schema_text(kind))


# In the order of an officer's work.
for _name, _command in (
    ("new", new),
    ("check", check),
    ("explain", explain),
    ("test", run_tables),
    ("diff", diff),
):
    app.command(_name)(_command)
bundle_cmd.add_to(app)
app.command("schema")(schema)
