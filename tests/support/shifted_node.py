"""A node as a process, on a machine whose clock is off by as many seconds as a file of the node says."""

from __future__ import annotations

import argparse
import asyncio
from datetime import timedelta
from pathlib import Path

from node.app.logs import set_up
from node.app.service import serve
from node.app.timekeeping import read_clocks
from node.core.clock import Reading

OFF = "clock-off"


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    config: Path = parser.parse_args().config
    off = config.parent / OFF

    def read() -> Reading:
        reading = read_clocks()
        return Reading(reading.wall + timedelta(seconds=float(off.read_text())), reading.elapsed)

    set_up()
    asyncio.run(serve(config, read))


if __name__ == "__main__":
    main()
