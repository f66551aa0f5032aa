"""What is fuzzed: each reader of bytes that come from others, and that it raises nothing but its own error.

A target takes any bytes. It returns when they were read or refused with a `NodeError`; whatever else it
raises is a find. Where a hash or a signature would keep the bytes from the code behind it, the target
computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from node.errors import NodeError
from scripts.fuzzing import documents, exchanges, inputs

Target = Callable[[bytes], object]

TARGETS: Mapping[str, Target] = {
    # What is signed, and what is shown of it.
    "note": documents.note,
    "verifier-key": documents.verifier_key,
    "checkpoint": documents.checkpoint,
    "directory": documents.directory,
    "member": documents.member,
    "bundle": documents.bundle,
    "order": documents.order,
    "approval": documents.approval,
    "causes": documents.causes,
    "certificate": documents.certificate,
    "seen-checkpoints": documents.seen_checkpoints,
    "backup": documents.backup,
    # What the other side of an exchange sends.
    "envelope": exchanges.envelope,
    "sealed-request": exchanges.sealed_request,
    "intent": exchanges.intent,
    "opening": exchanges.opening,
    "receipt": exchanges.receipt,
    "sealed-response": exchanges.sealed_response,
    "verdict": exchanges.verdict,
    "answers": exchanges.answers,
    "grants": exchanges.grants,
    "catalogue-entry": exchanges.catalogue_entry,
    "leaves": exchanges.leaves,
    # What people and departments hand over as files and texts.
    "catalogue-csv": inputs.catalogue_csv,
    "catalogue-dcat": inputs.catalogue_dcat,
    "data-csv": inputs.data_csv,
    "identifiers": inputs.identifiers,
    "values": inputs.values,
    "policy": inputs.policy,
    "definitions": inputs.definitions,
    "predicate": inputs.predicate,
    "holidays": inputs.holidays,
}


def run(name: str, data: bytes) -> None:
    """Give the bytes to a target. Raises what is a find."""
    with suppress(NodeError):
        TARGETS[name](data)


def seeds(corpus: Path, name: str) -> list[bytes]:
    """The seed corpus of a target: well-formed inputs, and those that were finds."""
    return [path.read_bytes() for path in sorted((corpus / name).iterdir())]
