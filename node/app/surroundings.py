"""What is wrong around a node rather than in it: libraries and folders of the machine that it runs on."""

from __future__ import annotations

from node.config.settings import Settings
from node.core.state.part import Part, PartKind, PartProblem
from node.files.private_folder import open_to_others
from node.store import driver


def problems_around(settings: Settings) -> list[PartProblem]:
    """What the operator should mend on the machine; told at start and in status."""
    holding_keys = (
        settings.keys,
        settings.exchange.key.parent,
        settings.desk.key.parent,
        settings.state,
        settings.mark,
    )
    found = [
        PartProblem(Part(PartKind.FOLDER), told)
        for each in dict.fromkeys(holding_keys)
        if (told := open_to_others(each)) is not None
    ]
    if (weakness := driver.weakness(driver.VERSION)) is not None:
        found.append(PartProblem(Part(PartKind.DATABASE), weakness))
    return found
