"""`dxnode policy test`: runs the tables of tests beside policies."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from node.analysis.tests.parts import BUDGET, TOGETHER, TRIES, Part, mutants_of, parts_of
from node.analysis.tests.run import coverage, run_table, unmissed
from node.analysis.tests.table import check_table
from node.cli.policy import output as policy_output
from node.cli.policy import report as policy_report
from node.cli.policy.files import note_unread, read_file, read_files, table_files
from node.cli.policy.output import Sources
from node.cli.policy.tests_report import (
    Place,
    Tested,
    busy,
    not_mutated,
    refused,
    summary,
    tested_lines,
    tested_view,
)
from node.cli.policy.workdays_cmd import calendar_of
from node.cli.terminal.exits import Exit
from node.cli.terminal.output import Terminal, harmless, report
from node.cli.terminal.session import ConfigIfThere, settings_file, with_terminal
from node.core.policy.policy import TABLE_ENDING, Policies, Policy, PolicyFile
from node.core.reading.build import check_files
from node.core.reading.definitions import is_definitions
from node.core.reading.document import read
from node.core.reading.place import Path as Path_
from node.core.text.problem import Problem
from node.core.workdays import Calendar
from node.errors import NodeError, Reason
from node.texts.wording import Language, language


@with_terminal
def run_tables(
    terminal: Terminal,
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    mutate: Annotated[bool, typer.Option("--mutate")] = False,
    holidays: Annotated[Path | None, typer.Option("--holidays", show_default=False)] = None,
    config: ConfigIfThere = None,
) -> None:
    """Hold policies against the tables beside them; the exit code says whether all came as expected."""
    lang = language()
    calendar = calendar_of(holidays, settings_file(config))
    note_unread(terminal, *paths)
    try:
        tested = _all_tested(terminal, table_files(paths), lang, calendar, mutate=mutate)
    except NodeError as error:
        report(error, as_json=terminal.json)
        raise typer.Exit(Exit.UNREADABLE) from None
    if terminal.json:
        terminal.document([tested_view(each, lang) for each in tested])
    for each in tested if not terminal.json else ():
        for line in tested_lines(each, lang):
            sys.stdout.write(harmless(line) + "\n")
    if mutate and not terminal.json:
        sys.stdout.write(not_mutated(lang) + "\n")
    terminal.note(summary(tested, lang))
    if any(each.failed for each in tested):
        raise typer.Exit(Exit.USAGE)
    if any(each.unmissed for each in tested):
        raise typer.Exit(Exit.WARNINGS)


def _all_tested(
    terminal: Terminal, tables: Sequence[Path], lang: Language, calendar: Calendar, *, mutate: bool
) -> list[Tested]:
    """What every table comes to; policies are read once. Raises as `_tested`."""
    folders: dict[Path, _Folder] = {}
    tested = []
    with terminal.progress(busy(lang), len(tables)) as ticker:
        for path in tables:
            if path.parent not in folders:
                files = read_files([path.parent])
                checked = check_files(files)
                if checked.policies is None:
                    raise _refused(terminal, checked.problems, files, lang)
                folders[path.parent] = _Folder(files, checked.policies)
            tested.append(_tested(terminal, path, folders[path.parent], lang, calendar, mutate=mutate))
            ticker.advance(1)
    return tested


@dataclass(frozen=True, slots=True)
class _Folder:
    files: Sequence[PolicyFile]
    policies: Policies


def _tested(
    terminal: Terminal, path: Path, folder: _Folder, lang: Language, calendar: Calendar, *, mutate: bool
) -> Tested:
    """What one table comes to. Raises NodeError(CONFIG_INVALID), or Exit after telling problems."""
    own = read_file(path.with_name(path.name.removesuffix(TABLE_ENDING) + ".yaml"))
    policy = _policy_of(own, folder.policies)
    file = read_file(path)
    found = check_table(file, policy, calendar.zone)
    if found.table is None:
        raise _refused(terminal, found.problems, [file], lang)
    ran = run_table(found.table, folder.policies, calendar)
    return Tested(
        dataset=policy.dataset.name,
        places=_places(own, folder.files, policy),
        ran=ran,
        coverage=coverage(ran, policy),
        mutants=sum(1 for _ in mutants_of(policy)) if mutate else 0,
        unmissed=unmissed(ran, policy) if mutate else (),
    )


def _policy_of(own: PolicyFile, policies: Policies) -> Policy:
    for policy in policies.datasets.values():
        if policy.dataset.digest == own.digest:
            return policy
    raise NodeError(Reason.CONFIG_INVALID, "error.cli.no-policy", file=own.name)


def _places(own: PolicyFile, files: Sequence[PolicyFile], policy: Policy) -> Mapping[Part, Place]:
    """Where the rules of a policy stand, and whatever else of it can decide, as file and line."""
    document = read(own.name, own.content)
    combinations = _combinations(own, [file for file in files if file.digest != own.digest])
    paths: dict[Part, Path_] = {Part(rule.id): ("rules", rule.order) for rule in policy.rules}
    found: dict[Part, Place] = {}
    for part in parts_of(policy):
        if part.clause == TOGETHER:
            found[part] = combinations[part.item]
        elif part.clause == TRIES:
            paths[part] = ("questions", part.item, "claims")
        elif part.clause == BUDGET:
            paths[part] = ("privacy", "budget", part.item)
    return found | {part: (own.name, document.values[path].line + 1) for part, path in paths.items()}


def _combinations(own: PolicyFile, others: Sequence[PolicyFile]) -> Mapping[str, Place]:
    """Where the forbidden combinations of a policy and of the definitions stand, by id; its own first."""
    found: dict[str, Place] = {}
    for file in (own, *others):
        if b"forbidden_together:" not in file.content:
            continue
        document = read(file.name, file.content)
        if file is not own and not is_definitions(document):
            continue
        listed = document.at(("forbidden_together",))
        for index, each in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(each, dict):
                line = document.values["forbidden_together", index].line + 1
                found.setdefault(str(each["id"]), (file.name, line))
    return found


def _refused(
    terminal: Terminal, problems: Sequence[Problem], files: Sequence[PolicyFile], lang: Language
) -> typer.Exit:
    if terminal.json:
        terminal.document(policy_report.problem_views(problems, lang))
    for line in policy_output.text_lines(problems, Sources.of(files), lang) if not terminal.json else ():
        sys.stdout.write(harmless(line) + "\n")
    terminal.note(refused(problems, lang))
    return typer.Exit(Exit.USAGE)
