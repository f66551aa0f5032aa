"""Claims about where the data of a dataset are looked for, whatever folder a node was started in."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.running import pension_town
from support.town import HR

from node.app.live.opening import source_spec
from node.config.file import load_settings
from node.config.settings import Source
from node.errors import NodeError
from node.source.snapshot import FileIdentity
from node.source.spec import DatabaseSpec, FileSpec


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return pension_town(tmp_path).offices[HR].config


def source_of(config: Path, place: str) -> Source:
    text = config.read_text("utf-8")
    config.write_text(text.replace("{csv: data/pension-insurance.csv}", place), "utf-8")
    return load_settings(config).sources["pension-insurance"]


@pytest.mark.parametrize("kind", ["url", "url_env", "url_file"])
def test_database_is_found_beside_the_file_that_names_it(
    config: Path, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = config.parent
    monkeypatch.setenv("REGISTER", "sqlite:///data/t.db")
    (folder / "secrets").mkdir()
    (folder / "secrets" / "register").write_text("sqlite:///../data/t.db\n")
    said = {"url": "'sqlite:///data/t.db'", "url_env": "REGISTER", "url_file": "secrets/register"}[kind]

    spec = source_spec(source_of(config, f"{{{kind}: {said}, table: t}}"))

    assert isinstance(spec, DatabaseSpec)
    assert Path(spec.url.removeprefix("sqlite:///")).resolve() == (folder / "data" / "t.db").resolve()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_data_file_that_is_missing_is_named(config: Path, kind: str) -> None:
    path = config.parent / "data" / "gone"
    spec = source_spec(source_of(config, f"{{{kind}: data/gone}}"))
    assert isinstance(spec, FileSpec)

    with pytest.raises(NodeError, match=f"the data file {path} is missing"):
        FileIdentity.of(spec.path)


def test_database_file_that_is_missing_is_named(config: Path) -> None:
    from node.source.sessions import DatabaseSessions

    spec = source_spec(source_of(config, "{url: 'sqlite:///data/gone.db', table: t}"))
    assert isinstance(spec, DatabaseSpec)
    sessions = DatabaseSessions(spec.url, 1, 5.0)

    with pytest.raises(NodeError, match=f"the data file {config.parent / 'data' / 'gone.db'} is missing"):
        sessions.run(lambda connection: None)
    sessions.close()
