"""`dxnode backup` and `dxnode restore`: a node's state, out of one that runs, into one that does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.terminal.output import Terminal, Ticker, when
from node.cli.terminal.session import DEFAULT_CONFIG, ConfigFile, with_terminal
from node.errors import NodeError
from node.texts.wording import t

if TYPE_CHECKING:
    from node.app.backup import Restored

app = typer.Typer()


@app.command("backup")
@with_terminal
def backup(
    terminal: Terminal,
    target: Annotated[Path, typer.Argument(metavar="FILE.tar|FOLDER", show_default=False)],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Back the node's state up, while it runs or not."""
    from node.app.backup import make_backup
    from node.config.file import load_settings

    settings = load_settings(config)
    with _progress(terminal) as progress:
        made = make_backup(settings, target, datetime.now(UTC), progress)
    terminal.result(
        {"target": target, "records": made.records, "files": len(made.files), "data_keys": made.data_keys},
        t("backup.made", target=target, records=made.records),
        t("backup.without_keys", keys=settings.keys),
        t("backup.without_mark", mark=settings.mark),
    )


@app.command("restore")
@with_terminal
def restore(
    terminal: Terminal,
    source: Annotated[Path, typer.Argument(metavar="FILE.tar|FOLDER", exists=True, show_default=False)],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Put a backup in the place of the node's state. The node must not run."""
    from node.app.backup import lost_since, restore_backup
    from node.config.file import load_settings

    settings = load_settings(config)
    with _progress(terminal) as progress, _while_stopped():
        restored = restore_backup(settings, source, datetime.now(UTC), progress)
    terminal.result(
        {
            "records": restored.backup.records,
            "made": restored.backup.made,
            "before": restored.before,
            "marked": restored.marked,
            "lost": lost_since(restored),
        },
        *_lines(restored, lost_since(restored)),
    )
    terminal.note(t("backup.next"))


@contextmanager
def _while_stopped() -> Iterator[None]:
    """Tell whoever restores below a running node to stop it: another folder is no way out here."""
    try:
        yield
    except NodeError as error:
        if error.wording.key != "error.store.folder-taken":
            raise
        raise NodeError(error.reason, "error.cli.restore-while-running", **error.wording.args) from None


def _lines(restored: Restored, lost: int) -> list[str]:
    lines = [t("backup.restored", records=restored.backup.records, made=when(restored.backup.made))]
    if restored.before is not None:
        lines.append(t("backup.kept", before=restored.before))
    if lost:
        lines += [t("backup.lost", marked=restored.marked, lost=lost), t("backup.decide")]
    elif restored.marked:
        lines.append(t("backup.newest"))
    else:
        lines.append(t("backup.unmarked"))
    return lines


@contextmanager
def _progress(terminal: Terminal) -> Iterator[Callable[[str, int, int], None]]:
    """One bar for each thing that is done."""
    with ExitStack() as bars:
        shown: dict[str, tuple[Ticker, int]] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in shown:
                bars.close()
                shown[what] = bars.enter_context(terminal.progress(t(f"backup.busy.{what}"), total)), 0
            ticker, before = shown[what]
            ticker.advance(done - before)
            shown[what] = ticker, done

        yield tell
