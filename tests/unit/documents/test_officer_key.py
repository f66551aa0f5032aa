"""Claims about officers' key files: a passphrase opens them, and nothing of the key is in the clear."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from node.documents.officer_key import make_officer_key, open_officer_key, read_officer
from node.errors import NodeError, Reason

HR = "11441900000000019Y"
PASSPHRASE = "four eyes see more 四眼"  # noqa: S105 - of no key outside these tests


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("officer") / "li.key"
    make_officer_key(path, HR, "li", PASSPHRASE, os.urandom)
    return path


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(NodeError) as caught:
        act()
    assert caught.value.reason is Reason.CONFIG_INVALID
    assert PASSPHRASE not in caught.value.message
    return caught.value.message


def test_key_opens_with_its_passphrase_however_it_is_typed(made: Path) -> None:
    signer = open_officer_key(made, PASSPHRASE)
    assert signer.verifier == read_officer(made)
    assert signer.name == f"dxnode/{HR}/officer/li"
    wide = PASSPHRASE.replace("four", "ｆｏｕｒ")
    assert open_officer_key(made, wide).verifier == signer.verifier


def test_wrong_passphrase_opens_nothing(made: Path) -> None:
    for wrong in ("", PASSPHRASE + " ", PASSPHRASE.upper()):
        assert "passphrase is wrong" in refusal(partial(open_officer_key, made, wrong))


def test_seed_is_not_in_the_file(tmp_path: Path) -> None:
    drawn: list[bytes] = []

    def random(count: int) -> bytes:
        drawn.append(os.urandom(count))
        return drawn[-1]

    make_officer_key(tmp_path / "key", HR, "li", PASSPHRASE, random)
    content = (tmp_path / "key").read_bytes()
    assert len(drawn[0]) == 32
    assert drawn[0] not in content
    assert b64encode(drawn[0]) not in content
    assert drawn[0].hex().encode() not in content


@pytest.mark.parametrize("field", ["format", "officer", "kdf", "salt", "nonce", "sealed"])
def test_key_file_that_was_changed_is_refused(made: Path, tmp_path: Path, field: str) -> None:
    content = json.loads(made.read_text())
    content[field] = content[field][:-4] + ("AAAA" if content[field][-4:] != "AAAA" else "BBBB")
    changed = tmp_path / "changed"
    changed.write_text(json.dumps(content))
    changed.chmod(0o600)
    refusal(lambda: open_officer_key(changed, PASSPHRASE))
    for damaged in (b"", b"[]", b"{}", made.read_bytes()[:-40]):
        changed.write_bytes(damaged)
        refusal(lambda: open_officer_key(changed, PASSPHRASE))


def test_key_file_that_others_may_read_is_refused(made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(made.read_bytes())
    copy.chmod(0o640)
    assert "others may read" in refusal(lambda: open_officer_key(copy, PASSPHRASE))
    assert made.stat().st_mode & 0o777 == 0o600


def test_nothing_is_made_with_a_short_passphrase_a_bad_name_or_over_another_key(
    made: Path, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    assert "too short" in refusal(lambda: make_officer_key(path, HR, "li", "x" * 11, os.urandom))
    for name in ("", "Li", "li+1", "../li", "l" * 33):
        refusal(partial(make_officer_key, path, HR, name, PASSPHRASE, os.urandom))
    assert not path.exists()
    assert "is there already" in refusal(lambda: make_officer_key(made, HR, "li", PASSPHRASE, os.urandom))
