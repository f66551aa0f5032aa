"""`dxnode serve`, `status`, `reload` and `version`: run a node and see how it is."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import typer

from node.cli.terminal.exits import Exit
from node.cli.terminal.output import Json, Terminal, plain, when
from node.cli.terminal.session import DEFAULT_CONFIG, ConfigFile, DeskSession, with_desk, with_terminal
from node.texts.wording import labelled, listing, say, sentences, t

if TYPE_CHECKING:
    from node.client.results import DatasetStatus, Load, NodeStatus, Reloaded, WaitingDataset
    from node.core.state.part import PartProblem

app = typer.Typer()
_UNKNOWN = ("checking", "unchecked")


@app.command("serve")
def serve(
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Run the node until it is told to stop."""
    from node.app.service import run

    run(config)


@app.command("status")
@with_desk
def status(session: DeskSession) -> None:
    """How the node is."""
    found = session.client.admin.status()
    if session.terminal.json:
        session.terminal.document(_status_view(found))
    else:
        _show(session.terminal, found)
    # What only ends soon degrades a node, and hinders nobody yet.
    if found.problems or found.state not in ("SERVING", "DEGRADED"):
        raise typer.Exit(Exit.UNAVAILABLE)


@app.command("reload")
@with_desk
def reload(session: DeskSession) -> None:
    """Read certificates, keys, directory, policies and roles again."""
    result = session.client.admin.reload()
    done = [t("status.reloaded", what=say(what)) for what in result.done]
    refused = [t("status.refused", what=what.text()) for what in result.refused]
    session.terminal.result(_reload_view(result), *done, *refused)
    if result.refused:
        raise typer.Exit(Exit.USAGE)


@app.command("version")
@with_terminal
def version(terminal: Terminal) -> None:
    """The version of this program."""
    from importlib.metadata import version as installed

    number = installed("dxnode")
    terminal.result({"version": number}, f"dxnode {number}")


def _status_view(found: NodeStatus) -> dict[str, Json]:
    """A status for programs: what is told as texts, and in `details` by key and arguments."""
    return _members(found) | {
        "checkpoint": found.checkpoint.decode(),
        "problems": [problem.text() for problem in found.problems],
        "notices": [say(notice) for notice in found.notices],
        "datasets": [
            _members(each) | {"problem": each.problem.text() if each.problem is not None else ""}
            for each in found.datasets
        ],
        "waiting": [
            _members(each) | {"problems": [say(problem) for problem in each.problems]}
            for each in found.waiting
        ],
        "details": {
            "problems": [_problem_view(problem) for problem in found.problems],
            "notices": plain(found.notices),
            "waiting": {each.dataset: plain(each.problems) for each in found.waiting if each.problems},
        },
    }


def _reload_view(result: Reloaded) -> dict[str, Json]:
    return {
        "done": [say(what) for what in result.done],
        "refused": [what.text() for what in result.refused],
        "details": {
            "done": plain(result.done),
            "refused": [_problem_view(problem) for problem in result.refused],
        },
    }


def _problem_view(problem: PartProblem) -> Json:
    said = problem.problem
    return {
        "part": problem.part.kind,
        "name": problem.part.name,
        "key": said.key,
        "args": plain(said.args),
        "text": problem.text(),
    }


def _members(value: NodeStatus | DatasetStatus | WaitingDataset) -> dict[str, Json]:
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}


def _policies(found: NodeStatus) -> str:
    digest = found.policy_digest.hex()[:16] or t("label.none")
    if found.policies_unsigned:
        return t("status.policies_unsigned", digest=digest)
    if not found.policy_version:
        return digest
    return t(
        "status.policies_text",
        digest=digest,
        version=found.policy_version,
        until=when(found.policy_valid_until),
        officers=listing(found.policy_approved),
    )


def _waiting(found: NodeStatus) -> list[str]:
    """Which catalogue entries wait for whose approval."""
    key = "approval.status.served" if found.policies_unsigned else "approval.status.withheld"
    lines = [t(key, count=found.waiting_total)]
    for each in found.waiting:
        lacking = listing(t(f"approval.role_name.{role}") for role in each.lacking)
        waiting = t("approval.status.waiting", dataset=each.dataset, lacking=lacking)
        lines.append("  " + sentences((waiting, *map(say, each.problems))))
    if found.waiting_total > len(found.waiting):
        lines.append("  …")
    return lines


def _accounts(terminal: Terminal, found: NodeStatus) -> None:
    rows = [
        (
            each.account,
            listing(each.datasets),
            t(
                "status.spent_text",
                spent=f"{each.spent_micros / 1e6:g}",
                limit=f"{each.limit_micros / 1e6:g}",
            ),
            when(each.ends),
            listing(each.counted_with) or "-",
        )
        for each in found.accounts
    ]
    if rows:
        columns = ("account", "drawn_by", "spent", "until", "counted_with")
        terminal.result(found, "")
        terminal.table([t(f"status.{column}") for column in columns], rows, "")


def _epsilon(micros: int) -> str:
    return f"{micros / 1_000_000:g}"


def _load(load: Load) -> str:
    return t("status.load_text", number=load.number, since=when(load.since)) if load.number else "-"


def _number(dataset: DatasetStatus, number: int) -> str:
    return "-" if dataset.exactness in _UNKNOWN else str(number)


def _lines(dataset: DatasetStatus) -> str:
    """How the lines that were read add up, and how far the data are known."""
    if dataset.exactness in _UNKNOWN:
        return t(f"status.{dataset.exactness}", dataset=dataset.dataset)
    return t(
        "status.looked" if dataset.exactness == "checked" else "status.lines",
        dataset=dataset.dataset,
        lines=dataset.lines,
        header=dataset.header_lines,
        rows=dataset.rows,
        invalid=dataset.invalid_subjects,
        duplicates=dataset.duplicates,
        blank=dataset.blank_lines,
        continued=dataset.continued_lines,
        values=dataset.refused_values,
    )


def _show(terminal: Terminal, found: NodeStatus) -> None:
    state = t(f"status.{found.state}") if found.state in ("SERVING", "DEGRADED", "DRAINING") else found.state
    if found.state == "DEGRADED" and found.clock.standing == "waiting":
        state = t("status.silent")
    elif found.state == "DEGRADED" and not found.problems:
        state = t("status.ending")
    directory = t(
        "status.directory_text", version=found.directory_version, until=when(found.directory_expires)
    )
    said = {
        "department": f"{found.department} {found.title}",
        "version": found.version,
        "state": state,
        "log": t("status.records", size=found.log_size),
        "database": f"SQLite {found.sqlite}",
        "directory": directory,
        "policies": _policies(found),
        "workdays": t("status.workdays_text", until=found.workdays_known_until or t("label.none")),
        "grants": str(found.active_grants),
    }
    if found.clock.standing in ("held", "waiting"):
        said["clock"] = t("status.clock_text", node=when(found.clock.node), system=when(found.clock.system))
    terminal.result(found, *(labelled(t(f"status.{key}"), value) for key, value in said.items()))
    for problem in found.problems:
        terminal.result(found, labelled(t("status.problems"), problem.text()))
    for notice in found.notices:
        terminal.result(found, labelled(t("status.notices"), say(notice)))
    if found.waiting_total:
        terminal.result(found, *_waiting(found))
    columns = ("dataset", "rows", "invalid", "duplicates", "load", "problems")
    rows = [
        (
            d.dataset,
            *(_number(d, number) for number in (d.rows, d.invalid_subjects, d.duplicates)),
            _load(d.load),
            "-" if d.problem is None else d.problem.text(),
        )
        for d in found.datasets
    ]
    if rows:
        terminal.result(found, "")
        terminal.table([t(f"status.{column}") for column in columns], rows, "")
        terminal.result(found, *map(_lines, found.datasets))
        dated = [(each.dataset, each.load.as_of) for each in found.datasets if each.load.as_of is not None]
        terminal.result(found, *(t("status.as_of", dataset=name, as_of=when(at)) for name, at in dated))
    _accounts(terminal, found)
    keys = [(key.use, key.key_id, when(key.expires)) for key in found.keys]
    if keys:
        terminal.result(found, "")
        terminal.table([t(f"status.{column}") for column in ("key", "key_id", "expires")], keys, "")
