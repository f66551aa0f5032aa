"""`dxnode policy test`: runs the tables of tests beside policies."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from node.cli import policy_output, policy_report
from node.cli.exits import Exit
from node.cli.output import CHINA, Terminal, report
from node.cli.policy_files import read_file, read_files, table_files
from node.cli.policy_output import Sources
from node.cli.policy_table_report import Tested, summary, tested_lines, tested_view
from node.cli.session import with_terminal
from node.cli.text import language
from node.core.document import read
from node.core.policy import TABLE_ENDING, Policies, Policy, PolicyFile
from node.core.policy_build import check_files
from node.core.policy_table import check_table
from node.core.policy_table_run import coverage, mutants_of, run_table, unmissed
from node.core.problem import Problem
from node.core.problem_messages import Lang
from node.core.workdays import Calendar
from node.errors import NodeError, Reason


@with_terminal
def run_tables(
    terminal: Terminal,
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    mutate: Annotated[bool, typer.Option("--mutate")] = False,
) -> None:
    """Hold policies against the tables beside them; the exit code says whether all came as expected."""
    lang: Lang = "zh" if language() == "zh" else "en"
    try:
        tables = table_files(paths)
        tested = [_tested(terminal, path, lang, mutate=mutate) for path in tables]
    except NodeError as error:
        report(error, as_json=terminal.json)
        raise typer.Exit(Exit.UNREADABLE) from None
    if terminal.json:
        terminal.document([tested_view(each, lang) for each in tested])
    for each in tested if not terminal.json else ():
        for line in tested_lines(each, lang):
            sys.stdout.write(line + "\n")
    terminal.note(summary(tested, lang))
    if any(each.failed for each in tested):
        raise typer.Exit(Exit.USAGE)
    if any(each.unmissed for each in tested):
        raise typer.Exit(Exit.WARNINGS)


def _tested(terminal: Terminal, path: Path, lang: Lang, *, mutate: bool) -> Tested:
    """What one table comes to. Raises NodeError(CONFIG_INVALID), or Exit after telling problems."""
    own = read_file(path.with_name(path.name.removesuffix(TABLE_ENDING) + ".yaml"))
    files = read_files([path.parent])
    checked = check_files(files)
    if checked.policies is None:
        raise _refused(terminal, checked.problems, files, lang)
    policy = _policy_of(own, checked.policies)
    file = read_file(path)
    found = check_table(file, policy, CHINA)
    if found.table is None:
        raise _refused(terminal, found.problems, [file], lang)
    ran = run_table(found.table, checked.policies, Calendar(CHINA))
    return Tested(
        dataset=policy.dataset.name,
        policy_file=own.name,
        lines=_lines(own, policy),
        ran=ran,
        coverage=coverage(ran, policy),
        mutants=sum(1 for _ in mutants_of(policy)) if mutate else 0,
        unmissed=unmissed(ran, policy) if mutate else (),
    )


def _policy_of(own: PolicyFile, policies: Policies) -> Policy:
    for policy in policies.datasets.values():
        if policy.dataset.digest == own.digest:
            return policy
    raise NodeError(Reason.CONFIG_INVALID, f"{own.name} is no policy: give a table beside one", file=own.name)


def _lines(own: PolicyFile, policy: Policy) -> Mapping[str, int]:
    """Where the rules of a policy stand."""
    places = read(own.name, own.content).values
    return {rule.id: places["rules", rule.order].line + 1 for rule in policy.rules}


def _refused(
    terminal: Terminal, problems: Sequence[Problem], files: Sequence[PolicyFile], lang: Lang
) -> typer.Exit:
    if terminal.json:
        terminal.document(policy_report.problem_views(problems, lang))
    for line in policy_output.text_lines(problems, Sources.of(files), lang) if not terminal.json else ():
        sys.stdout.write(line + "\n")
    terminal.note(policy_report.check_summary(problems, len(files), 0, lang))
    return typer.Exit(Exit.USAGE)
