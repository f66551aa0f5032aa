"""What is wrong around a node rather than in it: libraries and folders of the machine that it runs on."""

from __future__ import annotations

from node.config.settings import Settings
from node.files.private_folder import open_to_others
from node.store import driver
from node.texts.wording import say


def problems_around(settings: Settings) -> list[str]:
    """What the operator should mend on the machine, for people; told at start and in status."""
    holding_keys = (
        settings.keys,
        settings.exchange.key.parent,
        settings.desk.key.parent,
        settings.state,
        settings.mark,
    )
    found = [
        f"folder: {say(told, 'en')}" for each in dict.fromkeys(holding_keys) if (told := open_to_others(each))
    ]
    if weakness := driver.weakness(driver.VERSION):
        found.append(f"database: {weakness}")
    return found
