"""What is taken of another department's catalogue: its own entries, or those that it says it imported.

It is shown to callers as what that department publishes. Raised is NodeError(ENVELOPE_INVALID).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from node.core.catalogue.digest import MAX_CHANGES
from node.core.catalogue.file import MAX_ENTRY_BYTES, MAX_ITEMS
from node.core.catalogue.publication import MAX_HISTORY
from node.core.identity import is_credit_code
from node.core.names import MAX_TITLE
from node.errors import NodeError, Reason
from node.texts.message import Value
from node.v1 import catalogue_pb2 as pb

DIGEST: Final = 32
MAX_APPROVALS: Final = 2
MAX_TIME_MS: Final = 2**53


def check_own(entry: pb.Dataset, provider: str, dataset: str = "") -> None:
    """Whether it is an entry of the provider itself, and of the dataset that was asked for, if one was."""
    summary = entry.summary
    if summary.provider != provider or summary.imported_from or summary.imported_ms:
        raise _invalid("error.catalogue.entry-foreign")
    if not summary.dataset or (dataset and summary.dataset != dataset):
        raise _invalid("error.catalogue.entry-dataset-foreign")
    _check_bounds(entry)


def check_found(entries: Sequence[pb.Dataset], provider: str, department: str, limit: int) -> None:
    """Whether these can be what a search found there: at most `limit`, of the `department`, if one was named.

    What the provider imported says from where; what it does not, is its own.
    """
    if len(entries) > limit:
        raise _invalid("error.catalogue.too-many-entries")
    for entry in entries:
        summary = entry.summary
        if (summary.provider == provider) == bool(summary.imported_from):
            raise _invalid("error.catalogue.entry-import-contradicted")
        if not is_credit_code(summary.provider) or (department and summary.provider != department):
            raise _invalid("error.catalogue.entry-foreign")
        _check_bounds(entry)


def check_history(versions: Sequence[pb.DatasetVersion]) -> None:
    """Whether these can be the versions of one entry, the newest first."""
    numbers = [version.number for version in versions]
    if len(versions) > MAX_HISTORY or sorted(set(numbers), reverse=True) != numbers:
        raise _invalid("error.catalogue.entry-versions-malformed")
    for version in versions:
        if (
            len(version.entry_digest) != DIGEST
            or len(version.title) > MAX_TITLE
            or len(version.approvals) > MAX_APPROVALS
            or len(version.changed) > MAX_CHANGES
        ):
            raise _invalid("error.catalogue.version-entry-out-bounds")


def _check_bounds(entry: pb.Dataset) -> None:
    if (
        entry.ByteSize() > MAX_ENTRY_BYTES
        or len(entry.fields) > MAX_ITEMS
        or len(entry.publication.approvals) > MAX_APPROVALS
        or not 0 <= entry.data.as_of_ms <= MAX_TIME_MS
    ):
        raise _invalid("error.catalogue.entry-out-bounds")


def _invalid(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.ENVELOPE_INVALID, key, **args)
