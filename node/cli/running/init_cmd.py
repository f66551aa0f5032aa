"""`dxnode init`: makes the folder of a new node, and says what to do next."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from node.cli.terminal.options import LevelOption, read_option
from node.cli.terminal.output import Terminal
from node.cli.terminal.session import with_terminal
from node.texts.wording import t

app = typer.Typer()

# The codes of the reference settings: a fictitious department and authority of the demo city.
EXAMPLE_CODE = "11441900000000019Y"
EXAMPLE_TITLE = "东莞市人力资源和社会保障局"
EXAMPLE_AUTHORITY = "1144190000000006X2"


@app.command("init")
@with_terminal
def init(
    terminal: Terminal,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", show_default=False)],
    code: Annotated[str, typer.Option("--code")] = EXAMPLE_CODE,
    title: Annotated[str, typer.Option("--title")] = EXAMPLE_TITLE,
    region: Annotated[str, typer.Option("--region")] = "441900",
    level: Annotated[LevelOption, typer.Option("--level", metavar="LEVEL")] = LevelOption.CITY,
    organisation: Annotated[str, typer.Option("--organisation")] = "东莞市人民政府",
    advertise: Annotated[str, typer.Option("--advertise")] = "localhost:8443",
    exchange_listen: Annotated[str, typer.Option("--exchange-listen", show_default=False)] = "",
    desk_listen: Annotated[str, typer.Option("--desk-listen", show_default=False)] = "",
    dev_authority: Annotated[Path | None, typer.Option("--dev-authority", show_default=False)] = None,
    authority_code: Annotated[str, typer.Option("--authority-code")] = EXAMPLE_AUTHORITY,
    replace: Annotated[bool, typer.Option("--replace")] = False,
) -> None:
    """Make the folder of a new node."""
    from node.cli.running.node_folder import NewNode, make_node_folder
    from node.core.identity import normalise_credit_code, normalise_region

    authority = read_option("--authority-code", normalise_credit_code, authority_code)
    new = NewNode(
        code=read_option("--code", normalise_credit_code, code),
        title=title.strip(),
        region=read_option("--region", normalise_region, region),
        level=level.value,
        organisation=organisation.strip(),
        advertise=advertise,
        exchange_listen=exchange_listen,
        desk_listen=desk_listen,
    )
    made = make_node_folder(
        folder,
        new,
        dev_authority,
        authority,
        datetime.now(UTC),
        os.urandom,
        replace=replace,
    )
    terminal.result({"made": made}, *(t("label.made", path=path) for path in made))
    config = folder / "node.yaml"
    key = "init.steps_dev" if dev_authority is not None else "init.steps"
    steps = t(key, config=config, folder=folder, code=new.code, authority=authority)
    if title == EXAMPLE_TITLE and new.code != EXAMPLE_CODE:
        terminal.note(t("init.example_title", title=title, config=config))
    terminal.note("\n" + t("init.next") + "\n" + steps.rstrip())
