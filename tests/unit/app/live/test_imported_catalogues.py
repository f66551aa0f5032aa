"""Imported catalogues are kept whole, replaced whole, and refused when damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.policy_samples import MEDICAL, TAX

from node.app.live.imported import imported_files, place_import, read_import
from node.errors import NodeError, Reason
from node.v1 import catalogue_pb2 as pb


def catalogue(publisher: str, *datasets: str) -> pb.ImportedCatalogue:
    summaries = (pb.DatasetSummary(dataset=name, provider=publisher) for name in datasets)
    entries = [pb.Dataset(summary=summary).SerializeToString() for summary in summaries]
    return pb.ImportedCatalogue(publisher=publisher, imported_ms=1, entries=entries)


def test_a_catalogue_replaces_the_earlier_one_of_its_publisher_whole(tmp_path: Path) -> None:
    folder = tmp_path / "catalogues"
    place_import(folder, catalogue(TAX, "a", "b"))
    place_import(folder, catalogue(MEDICAL, "c"))
    place_import(folder, catalogue(TAX, "b"))
    kept = [read_import(path) for path in imported_files(folder)]
    wanted = [catalogue(MEDICAL, "c"), catalogue(TAX, "b")]
    assert [(each.publisher, list(each.entries)) for each in kept] == [
        (each.publisher, list(each.entries)) for each in wanted
    ]
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("kept", [0, 1, 20, -34, -1])
def test_a_damaged_file_is_refused(tmp_path: Path, kept: int) -> None:
    place_import(tmp_path, catalogue(TAX, "a"))
    (path,) = imported_files(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(NodeError) as refused:
        read_import(path)
    assert refused.value.reason is Reason.CONFIG_INVALID


def test_a_file_under_another_publishers_name_is_refused(tmp_path: Path) -> None:
    place_import(tmp_path, catalogue(TAX, "a"))
    (path,) = imported_files(tmp_path)
    moved = path.rename(tmp_path / path.name.replace(TAX, MEDICAL))
    with pytest.raises(NodeError, match="damaged"):
        read_import(moved)


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert imported_files(tmp_path / "none") == []
