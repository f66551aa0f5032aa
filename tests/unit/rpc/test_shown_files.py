"""Claims about the TLS files that a port shows: gRPC is given them anew only after they changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from node.crypto.certificates import issue_node, make_authority
from node.rpc import server
from node.rpc.server import TlsFiles

CODE = "11441900000000035L"


def _files() -> TlsFiles:
    now, year = datetime.now(UTC), timedelta(days=365)
    authority = make_authority("town", now, year)
    issued = issue_node(authority, CODE, ["localhost"], now, year)
    return TlsFiles(issued.certificate, issued.key, authority.certificate)


def test_files_are_given_once_after_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(server, "sleep", pauses.append)
    first, second = _files(), _files()
    now = first
    shown = server._Shown(lambda: now)
    assert shown.files == first
    assert [shown.replaced() is None for _ in range(3)] == [True] * 3
    for now in (second, first):
        assert [shown.replaced() is None for _ in range(3)] == [False, True, True]
        assert shown.files == now
    assert len(pauses) == 2  # before what was shown is freed
