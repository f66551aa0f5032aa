"""Claims about the JSON Schemas for editors, held to by a validator that knows nothing of policies."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from support.places import ROOT

from node.core.policy.policy import PolicyFile
from node.core.reading.build import check_files
from node.core.reading.document import Node, Plain, read
from node.core.reading.format import DefinitionsPart, PolicyPart, schema_text

FOLDER = ROOT / "policies"
BROKEN = Path(__file__).parent / "broken"
POLICY, DEFINITIONS = (json.loads(schema_text(part)) for part in (PolicyPart, DefinitionsPart))

# What takes the whole file to tell.
ONLY_THE_CHECK = re.compile(
    r"yaml\.(duplicate-key|list-comma)|predicate\..*|literal\..*|purpose\.no-parent|rule\.(effective-order|id-twice)"
    r"|rule\.unknown-question|derivation\.(mask|plain|band)|field\.(range-order|unknown)"
    r"|classification\.personal|privacy\.missing|budget\..*|.*-twice|.*\.twice|(group|band|purpose)\.unknown"
)
# How a number or word is spelled, which check digit a code has, which of two hours is earlier.
NOT_IN_A_SCHEMA = {
    *("capital-true", "exponent-limit", "float-integer", "hex-integer", "octal-integer"),
    *("credit-code-check-digit", "definitions-group-check-digit", "hours-past-midnight"),
    "full-width-comma-in-list",  # one value, to any schema
}

Data = str | int | float | bool | None | list["Data"] | dict[str, "Data"]


def _as_an_editor_reads(node: Node) -> Data:
    """By the core schema of YAML 1.2, which language servers use."""
    if isinstance(node, dict):
        return {key: _as_an_editor_reads(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_as_an_editor_reads(value) for value in node]
    if not isinstance(node, Plain):
        return str(node)
    words: dict[str, Data] = {"true": True, "false": False, "null": None, "~": None, "": None}
    if node.lower() in words and node in (node.lower(), node.title(), node.upper()):
        return words[node.lower()]
    if re.fullmatch(r"[-+]?[0-9]+", node):
        return int(node)
    if re.fullmatch(r"0o[0-7]+|0x[0-9a-fA-F]+", node):
        return int(node, 0)
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", node):
        return float(node)
    return str(node)


def _faults(schema: dict[str, object], data: Data) -> list[str]:
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return [f"{fault.json_path}: {fault.message}" for fault in validator.iter_errors(data)]


@pytest.mark.parametrize("schema", [POLICY, DEFINITIONS], ids=["policy", "definitions"])
def test_a_schema_is_one_and_says_its_dialect(schema: dict[str, object]) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert '"type": "null"' not in json.dumps(schema)


EXAMPLES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_names_its_schema_and_keeps_to_it(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=([\w.-]+)", first)
    assert named, first
    schema = json.loads((FOLDER / named[1]).read_text("utf-8"))
    root = read(path.name, path.read_bytes()).root
    assert root is not None
    assert _faults(schema, _as_an_editor_reads(root)) == []


def _readable() -> list[tuple[Path, Node]]:
    found = []
    for path in sorted(BROKEN.glob("*.yaml")):
        root = read(path.name, path.read_bytes()).root
        if root is not None:
            found.append((path, root))
    return found


@pytest.mark.parametrize(("path", "root"), _readable(), ids=lambda each: getattr(each, "stem", ""))
def test_the_schema_refuses_every_broken_file_whose_fault_it_can_see(path: Path, root: Node) -> None:
    problems = check_files([PolicyFile(path.name, path.read_bytes())]).problems
    keys = {problem.key for problem in problems}
    seen = {key for key in keys if not ONLY_THE_CHECK.fullmatch(key)}
    policy = isinstance(root, dict) and "dataset" in root
    of_definitions = not policy and any(key.startswith(("purpose", "group", "band")) for key in keys)
    schema = DEFINITIONS if of_definitions or path.stem in OF_DEFINITIONS else POLICY
    faults = _faults(schema, _as_an_editor_reads(root))
    assert bool(faults) is (bool(seen) and path.stem not in NOT_IN_A_SCHEMA), (keys, faults)


OF_DEFINITIONS = frozenset(
    path.stem
    for path, root in _readable()
    if isinstance(root, dict) and "dataset" not in root and root.keys() & {"purposes", "departments", "bands"}
)


def test_most_of_the_corpus_is_seen_in_the_editor() -> None:
    seen = [
        path.stem
        for path, root in _readable()
        if _faults(DEFINITIONS if path.stem in OF_DEFINITIONS else POLICY, _as_an_editor_reads(root))
    ]
    assert len(seen) >= 45


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("update: daily", "update:"),
        ("level: 3", "level: null"),
        ("verify: status = 'active'", "verify: status = 'active'\n    field: status"),
        ("type: text", "typ: text"),
        ("title_en: Name, ", ""),
        ("    title: 是否正常参保\n", ""),
    ],
)
def test_an_edit_that_breaks_an_example_is_seen(before: str, after: str) -> None:
    text = (FOLDER / "pension-insurance.yaml").read_text("utf-8")
    assert before in text
    root = read("p.yaml", text.replace(before, after, 1).encode()).root
    assert root is not None
    assert _faults(POLICY, _as_an_editor_reads(root)) != []
