"""Writes a first policy to edit: a dataset, its tests, shared definitions, schemas for the editor."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from node.analysis.tests.hover import table_schema_text
from node.core.policy.policy import DEFINITIONS_FILE, TABLE_ENDING
from node.core.reading.format import DefinitionsPart, PolicyPart, schema_text
from node.errors import NodeError, Reason
from node.files.whole import PUBLIC, write_file

EXAMPLE = "example-enrolment"


def write_example(folder: Path, dataset: str, provider: str) -> list[Path]:
    """Write them into `folder`, which may hold other policies; gives what was made.

    Definitions that are there stay as they are. Raises NodeError(CONFIG_INVALID), as when the dataset has a
    file there.
    """
    policy, table = folder / f"{dataset}.yaml", folder / f"{dataset}{TABLE_ENDING}"
    for path in (policy, table):
        if path.exists():
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.cli.draft-exists",
                file=str(path),
            )
    text = example_file(f"{EXAMPLE}.yaml").replace(f"dataset: {EXAMPLE}", f"dataset: {dataset}")
    contents = {
        policy: re.sub(r"(?m)^(provider: )\S+", rf"\g<1>{provider}", text),
        table: example_file(f"{EXAMPLE}{TABLE_ENDING}"),
        folder / "policy.schema.json": schema_text(PolicyPart),
        folder / "definitions.schema.json": schema_text(DefinitionsPart),
        folder / "policy-test.schema.json": table_schema_text(),
    }
    definitions = folder / DEFINITIONS_FILE
    if not definitions.exists():
        contents[definitions] = example_file(DEFINITIONS_FILE)
    for path, content in contents.items():
        write_file(path, content.encode(), PUBLIC)
    return list(contents)


def example_file(name: str) -> str:
    """The text of one of the example's files."""
    return files("node.cli.policy").joinpath("example_files", name).read_text("utf-8")
