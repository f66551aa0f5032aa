"""Claims about relative paths in the URL of a database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from node.source.database_url import counted_from

FOLDER = Path("/srv/node")


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("sqlite:///data/t.db", "sqlite:////srv/node/data/t.db"),
        ("sqlite:///t.db", "sqlite:////srv/node/t.db"),
        ("sqlite+pysqlite:///../登记/库 1.db", "sqlite+pysqlite:////srv/node/../登记/库 1.db"),
        (
            "postgresql://u@db/x?sslrootcert=tls/ca.pem&sslmode=verify-full",
            "postgresql://u@db/x?sslrootcert=%2Fsrv%2Fnode%2Ftls%2Fca.pem&sslmode=verify-full",
        ),
        ("mysql+pymysql://u@db/x?ssl_ca=ca.pem", "mysql+pymysql://u@db/x?ssl_ca=%2Fsrv%2Fnode%2Fca.pem"),
        (
            "mysql://u:p%40ss@db/x?unix_socket=my.sock",
            "mysql://u:p%40ss@db/x?unix_socket=%2Fsrv%2Fnode%2Fmy.sock",
        ),
    ],
)
def test_relative_path_counts_from_the_file_that_names_it(url: str, meant: str) -> None:
    assert make_url(counted_from(FOLDER, url)) == make_url(meant)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////data/t.db",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://u:p%20s@db:5432/data/t?sslrootcert=/etc/ca.pem",
        "postgresql://u@db/x?sslrootcert=system",
        "postgresql://u@db/x?host=/run/postgresql&host=other",
        "no url at all",
        "",
    ],
)
def test_whatever_else_stands_in_a_url_stays_to_the_letter(url: str) -> None:
    assert counted_from(FOLDER, url) == url
