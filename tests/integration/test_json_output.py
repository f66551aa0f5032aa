"""What commands give to programs has one spelling: times with China's offset, digests and ids in hex."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from support.cli_run import dxnode
from support.running import BAND, CASE, DEFERRAL, ENROLLED, pension_town, resident, running
from support.town import HR, TAX, Town

TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
WRITTEN_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?\+08:00")
BASE64 = re.compile(
    r"(?=.*[a-z])(?=.*[A-Z+/=])(?:[A-Za-z0-9+/]{4}){4,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
)

PROVIDER = (
    *("status", "reload", "grant list", "grant received", "log show", "log prove 1", "log checkpoint"),
    *("peer list", f"peer show {TAX}", "catalogue list", "catalogue show pension-insurance"),
    *("catalogue history pension-insurance", "catalogue search insurance", "desk list"),
    f"desk revoke {'11' * 32} --reason x",
    *("log export hr.log", "peer export seen.json", "catalogue export catalogue.csv"),
)
"""Commands at the provider's desk."""
REQUESTER = (
    f"verify {ENROLLED} --purpose {DEFERRAL} --case {CASE} --subject-from subject.txt",
    f"ask {BAND} --purpose {DEFERRAL} --case {CASE} --subject-from subject.txt",
    *("grant received --refresh", "log show", "peer list", f"peer show {HR}"),
)
FILES = (
    *("config check", "config show", "pki directory show", "pki member --out member.json --roots roots.pem"),
    *("pki rotate sealing", "pki rotate data", "pki rotate log", "pki rotate cosign"),
    "backup backup.tar",
)
"""Commands that read the node's files."""
REFUSED = ("log prove 99999", "grant show g-9", "catalogue show nothing", "desk unrevoke 00 --reason x")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    (folder / "subject.txt").write_text(resident(1) + "\n")
    town = pension_town(folder)
    (folder / "roots.pem").write_bytes(town.tls_authority.certificate)
    with running(town, HR, TAX) as nodes:
        nodes.grant()
        with nodes.operator(TAX) as operator:
            operator.verify(ENROLLED, resident(1), purpose=DEFERRAL, case=CASE)
        yield town


def strings(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a document, with the key that it stands under."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from strings(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each, key)
    elif isinstance(value, str):
        yield key, value


def misspelled(document: object) -> list[tuple[str, str]]:
    return [
        (key, text)
        for key, text in strings(document)
        if len(TIME.findall(text)) != len(WRITTEN_TIME.findall(text)) or BASE64.fullmatch(text)
    ]


@pytest.mark.parametrize(
    ("code", "line"),
    [
        *((HR, line) for line in (*PROVIDER, *FILES, *REFUSED)),
        *((TAX, line) for line in REQUESTER),
    ],
)
def test_a_document_has_one_spelling(
    town: Town, monkeypatch: pytest.MonkeyPatch, code: str, line: str
) -> None:
    monkeypatch.chdir(town.folder)
    ran = dxnode(*line.split(" "), "--config", town.offices[code].config, "--json")
    assert (ran.code == 0) is (line not in REFUSED), ran.err
    assert misspelled(json.loads(ran.out or ran.err)) == []


def test_a_misspelled_document_is_found() -> None:
    """The checks of this module see what they are for."""
    assert misspelled({"at": "2026-12-23T04:26:40Z"}) == [("at", "2026-12-23T04:26:40Z")]
    assert misspelled([{"at": "ends at 2026-12-23 04:26:40"}])
    assert misspelled({"digest": "q83vEjRWeJCrze8SNFZ4kA=="})
    assert not misspelled(
        {"at": "2026-12-23T12:26:40+08:00", "digest": "ab" * 32, "name": "pension-insurance"}
    )
