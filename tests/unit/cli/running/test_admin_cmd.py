"""Status and reload for programs: texts under the names that they have, and what they are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cli_run import dxnode
from support.fake_desk import FakeDesk, serving

SILENT = {
    "en": "source tax-payment: the database does not answer: check it and its network, then ask again",
    "zh": "数据源 tax-payment：数据库没有响应：请检查数据库和网络",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("desk")
    with serving(FakeDesk(), folder) as address:
        yield address


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_status_has_texts_and_beside_them_part_key_and_arguments(desk: str, lang: str) -> None:
    found = json.loads(dxnode("status", "--desk", desk, "--json", "--lang", lang).out)
    assert found["problems"] == [SILENT[lang]]
    assert found["datasets"][0]["problem"] == SILENT[lang]
    (problem,) = found["details"]["problems"]
    assert (problem["part"], problem["name"]) == ("source", "tax-payment")
    assert (problem["key"], problem["args"]) == ("error.source.database-silent", {})
    assert problem["text"] == SILENT[lang]
    (approval,) = found["details"]["waiting"]["tax-payment"]
    assert approval["key"] == "error.policy.approval-of-other-version"
    assert found["waiting"][0]["problems"] == [approval["text"]]


def test_reload_has_texts_and_beside_them_part_key_and_arguments(desk: str) -> None:
    found = json.loads(dxnode("reload", "--desk", desk, "--json").out)
    assert found["done"] == ["certificates and keys"]
    assert [each["key"] for each in found["details"]["done"]] == ["state.read.certificates"]
    (refused,) = found["details"]["refused"]
    assert found["refused"] == [refused["text"]]
    assert (refused["part"], refused["key"]) == ("directory", "error.directory.expired")
    assert refused["args"] == {"at": "2026-12-01T00:00:00+08:00"}
