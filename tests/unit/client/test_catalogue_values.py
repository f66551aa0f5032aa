"""What the client hands out of a catalogue entry is all that is published of the policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.policy_changes import CHANGES, changed, files

from node.client.catalogue import CatalogueEntry, catalogue_entry
from node.core.catalogue.entry import entry_of
from node.core.reading.build import build_policies


@pytest.mark.parametrize("path", CHANGES)
def test_no_part_of_a_policy_changes_without_what_the_client_hands_out(path: str) -> None:
    def handed_out(policy: dict[str, object]) -> CatalogueEntry:
        (built,) = build_policies(files(policy)).datasets.values()
        # The digest of the file differs anyway.
        return replace(catalogue_entry(entry_of(built)), digest=b"")

    before, after = changed(path)
    assert handed_out(before) != handed_out(after)
