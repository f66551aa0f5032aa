"""Fuzzes one target in this process: `python -m scripts.fuzzing TARGET --cases N --seeds DIR [--keep DIR]`.

libFuzzer changes the seeds at random, keeps what reaches code that nothing before has reached, and goes on
from there. It ends the process at the first find, and writes the find into the folder `--keep`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import atheris


def main() -> None:
    """Run the cases; libFuzzer exits the process: 0, or 77 for a find."""
    parser = argparse.ArgumentParser(prog="scripts.fuzzing")
    parser.add_argument("target")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seeds", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=int, default=4096, help="bytes of a case, at most")
    options = parser.parse_args()
    with atheris.instrument_imports(include=["node"], enable_loader_override=False):
        from scripts.fuzzing.targets import TARGETS, run

    if options.target not in TARGETS:
        parser.error(f"there is no target {options.target}: choose one of {', '.join(TARGETS)}")
    options.keep.mkdir(parents=True, exist_ok=True)
    arguments = [
        "fuzzing",
        f"-runs={options.cases}",
        f"-seed={options.seed}",
        f"-max_len={options.longest}",
        f"-artifact_prefix={options.keep}/",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        str(options.keep / "corpus"),
        str(options.seeds),
    ]
    (options.keep / "corpus").mkdir(exist_ok=True)
    atheris.Setup(arguments, lambda data: run(options.target, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
