"""Where data are, in one spelling: what cannot be told apart here has one budget account."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.errors import NodeError, Reason
from node.source.place import place_of
from node.source.spec import DatabaseSpec, FileSpec


def place(url: str, table: str = "register") -> str:
    return place_of(DatabaseSpec(url, table))


def test_file_has_one_place_whatever_leads_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data" / "r.csv"
    path.parent.mkdir()
    path.write_text("x")
    (tmp_path / "link.csv").symlink_to(path)
    (tmp_path / "folder").symlink_to(path.parent)
    monkeypatch.chdir(tmp_path)
    same = (
        path,
        Path("data/r.csv"),
        tmp_path / "link.csv",
        tmp_path / "folder" / "r.csv",
        tmp_path / "data" / ".." / "data" / "r.csv",
    )
    assert len({place_of(FileSpec(each, "csv")) for each in same}) == 1
    assert place_of(FileSpec(path, "csv")) == place_of(FileSpec(path, "parquet", "gb18030"))
    assert place_of(FileSpec(path, "csv")) != place_of(FileSpec(tmp_path / "data" / "s.csv", "csv"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("postgresql://reader@db/city", "postgresql+psycopg://another:secret@DB:5432/city"),
        ("postgresql://reader@db/city", "postgresql://reader@db/city?connect_timeout=3&sslmode=require"),
        ("postgresql://reader@localhost/city", "postgresql:///city"),
        ("postgresql://reader@127.0.0.1/city", "postgresql://[::1]/city"),
        ("mysql+pymysql://reader@db/city", "mariadb+pymysql://db:3306/city"),
    ],
)
def test_database_has_one_place_for_all_ways_to_write_it(one: str, other: str) -> None:
    assert place(one) == place(other)


@pytest.mark.parametrize(
    ("url", "one", "other"),
    [
        ("postgresql://db/city", "register", "public.register"),
        ("mysql+pymysql://db/city", "register", "city.register"),
        ("mysql+pymysql://db/city", "register", "city.REGISTER"),
        ("sqlite:////data/city.db", "register", "main.register"),
    ],
)
def test_table_has_one_place_with_and_without_its_schema(url: str, one: str, other: str) -> None:
    assert place(url, one) == place(url, other)


@pytest.mark.parametrize(
    "other",
    [
        "postgresql://other/city",
        "postgresql://db:5433/city",
        "postgresql://db/county",
        "mysql+pymysql://db/city",
        "postgresql:///city?host=/run/postgresql",
    ],
)
def test_other_databases_are_other_places(other: str) -> None:
    assert place("postgresql://db/city") != place(other)
    assert place(other) != place(other, "another")


def test_sqlite_file_has_one_place(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "city.db")
    assert place(f"sqlite:///{tmp_path}/city.db") == place(f"sqlite:///{tmp_path}/link.db")


def test_place_holds_no_secret() -> None:
    url = "postgresql://reader:secret-word@db/city?password=secret-word&sslpassword=secret-word"
    assert "secret-word" not in place(url)


def test_url_that_is_none_is_refused_without_being_repeated() -> None:
    with pytest.raises(NodeError) as refused:
        place("no url secret-word")
    assert refused.value.reason is Reason.CONFIG_INVALID
    assert "secret-word" not in str(refused.value)
