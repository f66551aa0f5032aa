"""Where a backup may go: not into the state that it is of, nor into a folder that is not there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.cli_run import dxnode

from node.app.backup import make_backup
from node.config.file import load_settings
from node.config.settings import Settings
from node.errors import NodeError, Reason

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a node whose state is there."""
    assert dxnode("init", tmp_path / "node").code == 0
    (tmp_path / "node" / "state" / "data").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "node" / "state")
    return load_settings(tmp_path / "node" / "node.yaml")


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("node/state/backup.tar", "backup-in-state"),
        ("node/state/data/backup", "backup-in-state"),
        ("link/backup.tar", "backup-in-state"),
        ("node/policies/../state/backup.tar", "backup-in-state"),
        ("usb/backup.tar", "backup-nowhere"),
        ("usb/2027/backup", "backup-nowhere"),
        ("node/node.yaml/backup.tar", "backup-nowhere"),
    ],
)
def test_a_backup_that_would_be_lost_or_misplaced_is_refused(
    settings: Settings, place: str, key: str, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(NodeError) as refused:
        make_backup(settings, tmp_path / place, NOW, lambda _what, _done, _total: None)
    assert (refused.value.reason, refused.value.wording.key) == (Reason.CONFIG_INVALID, f"error.app.{key}")
    assert sorted(tmp_path.rglob("*")) == before
