"""`dxnode serve`, `status`, `reload` and `version`: run a node and see how it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from node.cli.exits import Exit
from node.cli.output import Terminal, told_locally, when
from node.cli.said import spoken
from node.cli.session import DEFAULT_CONFIG, ConfigFile, Session, with_desk, with_terminal
from node.cli.text import t

if TYPE_CHECKING:
    from node.client.results import NodeStatus

app = typer.Typer()


@app.command("serve")
def serve(
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Run the node until it is told to stop."""
    from node.service import run

    run(config)


@app.command("status")
@with_desk
def status(session: Session) -> None:
    """How the node is."""
    found = session.client.admin.status()
    if session.terminal.json:
        session.terminal.document(found)
    else:
        _show(session.terminal, found)
    if found.state != "SERVING":
        raise typer.Exit(Exit.UNAVAILABLE)


@app.command("reload")
@with_desk
def reload(session: Session) -> None:
    """Read certificates, keys, directory, policies and roles again."""
    result = session.client.admin.reload()
    done = [t("status.reloaded", what=spoken(what)) for what in result.done]
    refused = [t("status.refused", what=spoken(what)) for what in result.refused]
    session.terminal.result(result, *done, *refused)
    if result.refused:
        raise typer.Exit(Exit.USAGE)


@app.command("version")
@with_terminal
def version(terminal: Terminal) -> None:
    """The version of this program."""
    from importlib.metadata import version as installed

    number = installed("dxnode")
    terminal.result({"version": number}, f"dxnode {number}")


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
        officers=", ".join(found.policy_approved),
    )


def _waiting(found: NodeStatus) -> list[str]:
    """Which catalogue entries wait for whose approval."""
    from node.cli.approval_text import say

    key = "status.served" if found.policies_unsigned else "status.withheld"
    lines = [say(key, count=found.waiting_total)]
    for each in found.waiting:
        lacking = ", ".join(say(f"role_name.{role}") for role in each.lacking)
        why = "".join(f"; {spoken(problem)}" for problem in each.problems)
        lines.append("  " + say("status.waiting", dataset=each.dataset, lacking=lacking) + why)
    if found.waiting_total > len(found.waiting):
        lines.append("  …")
    return lines


def _show(terminal: Terminal, found: NodeStatus) -> None:
    state = t(f"status.{found.state}") if found.state in ("SERVING", "DEGRADED", "DRAINING") else found.state
    if found.state == "DEGRADED" and found.clock.standing == "waiting":
        state = t("status.silent")
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
    terminal.result(found, *(f"{t(f'status.{key}')}: {value}" for key, value in said.items()))
    for problem in found.problems:
        terminal.result(found, f"{t('status.problems')}: {told_locally(spoken(problem))}")
    if found.waiting_total:
        terminal.result(found, *_waiting(found))
    columns = ("dataset", "rows", "invalid", "duplicates", "snapshot", "problems")
    rows = [
        (
            d.dataset,
            str(d.rows),
            str(d.invalid_subjects),
            str(d.duplicates),
            d.snapshot,
            spoken(d.problem) or "-",
        )
        for d in found.datasets
    ]
    if rows:
        terminal.result(found, "")
        terminal.table([t(f"status.{column}") for column in columns], rows, "")
    keys = [(key.use, key.key_id, when(key.expires)) for key in found.keys]
    if keys:
        terminal.result(found, "")
        terminal.table([t(f"status.{column}") for column in ("key", "key_id", "expires")], keys, "")
