"""A directory counts only as the authority signed it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from node.core.directory.directory import Directory, Member, render_directory
from node.core.directory.spelling import SealingKey
from node.crypto.certificates import make_authority
from node.crypto.sealing import SealingKey as PrivateSealingKey
from node.crypto.signing import SignatureSuite, Signer, Verifier, sign_note
from node.demo.numbers import credit_codes
from node.documents.directory_file import open_directory, read_directory, sign_directory
from node.errors import NodeError, Reason

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
TAX = "11441900000000035L"
ORIGIN = f"dxnode/{TAX}"
AUTHORITY = Signer("dxnode/1144190000000006X2/directory", SignatureSuite.ED25519, b"\x01" * 32)
PEM = make_authority("test", NOW, DAY).certificate.decode()


def vkey(suite: SignatureSuite) -> str:
    return Signer(ORIGIN, suite, b"\x02" * 32).verifier.vkey()


def small_order(name: str, y: int = 1) -> str:
    """A verifier key, well spelled, of a point of small order: whoever likes signs under it."""
    typed = b"\x01" + y.to_bytes(32, "little")
    key_id = sha256(name.encode() + b"\n" + typed).hexdigest()[:8]
    return f"{name}+{key_id}+{b64encode(typed).decode()}"


def member() -> Member:
    sealing = PrivateSealingKey(b"\x03" * 32, NOW, NOW + 90 * DAY).public.encode()
    return Member(
        code=TAX,
        title="税务局",
        region="441900",
        level="city",
        organisation="市政府",
        roles=(),
        endpoint="tax.example:8443",
        certificates=("ab" * 32,),
        tls_roots=PEM,
        sealing_keys=(SealingKey.parse(sealing),),
        log_keys=(vkey(SignatureSuite.ED25519),),
        cosign_keys=(vkey(SignatureSuite.ML_DSA_65),),
        suspended=False,
    )


def directory(one: Member | None = None, version: int = 3) -> Directory:
    one = one or member()
    return Directory(version, NOW, NOW + 30 * DAY, {one.code: one})


def refusal(note: bytes) -> NodeError:
    with pytest.raises(NodeError) as caught:
        open_directory(note, AUTHORITY.verifier, None, NOW)
    assert caught.value.reason is Reason.DIRECTORY_INVALID
    return caught.value


def test_signed_directory_opens() -> None:
    opened, seen = open_directory(sign_directory(directory(), AUTHORITY), AUTHORITY.verifier, None, NOW)
    assert opened == directory()
    assert seen.version == 3


def test_directory_of_another_key_is_refused() -> None:
    for name in (AUTHORITY.name, "dxnode/elsewhere"):
        stranger = Signer(name, SignatureSuite.ED25519, b"\x09" * 32)
        assert "not signed by the authority" in refusal(sign_directory(directory(), stranger)).message


def test_directory_with_any_tampered_byte_is_refused() -> None:
    note = sign_directory(directory(), AUTHORITY)
    for place in range(0, len(note), 53):
        refusal(note[:place] + bytes([note[place] ^ 1]) + note[place + 1 :])


def test_truncated_directory_is_refused() -> None:
    note = sign_directory(directory(), AUTHORITY)
    for end in (0, 1, len(note) // 2, len(note) - 1):
        refusal(note[:end])


def test_directory_of_a_thousand_departments_is_signed_and_opened() -> None:
    large = member()
    log, cosign = Verifier.parse(large.log_keys[0]), Verifier.parse(large.cosign_keys[0])
    members = {
        code: replace(
            large,
            code=code,
            certificates=(sha256(code.encode()).hexdigest(),),
            log_keys=(Verifier(f"dxnode/{code}", log.suite, log.public).vkey(),),
            cosign_keys=(Verifier(f"dxnode/{code}", cosign.suite, cosign.public).vkey(),),
        )
        for code in credit_codes(range(1000))
    }
    note = sign_directory(Directory(3, NOW, NOW + 30 * DAY, members), AUTHORITY)
    assert len(note) > 4_000_000
    assert open_directory(note, AUTHORITY.verifier, None, NOW)[0].members.keys() == members.keys()


def test_unsigned_directory_is_refused() -> None:
    refusal(render_directory(directory()))


def test_rolled_back_and_expired_directories_are_refused() -> None:
    note = sign_directory(directory(version=3), AUTHORITY)
    _, seen = open_directory(sign_directory(directory(version=4), AUTHORITY), AUTHORITY.verifier, None, NOW)
    with pytest.raises(NodeError, match="DIRECTORY_INVALID"):
        open_directory(note, AUTHORITY.verifier, seen, NOW)
    with pytest.raises(NodeError, match="DIRECTORY_EXPIRED"):
        open_directory(note, AUTHORITY.verifier, None, NOW + 30 * DAY)


def test_expired_directory_can_still_be_read_to_go_on_from_it() -> None:
    assert read_directory(sign_directory(directory(), AUTHORITY), AUTHORITY.verifier) == directory()


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, log_keys=(*one.log_keys, vkey(SignatureSuite.ML_DSA_65))),
        lambda one: replace(one, cosign_keys=(vkey(SignatureSuite.ED25519), *one.cosign_keys)),
        lambda one: replace(one, log_keys=(one.log_keys[0][:-6] + "AAAAAA",)),
        lambda one: replace(one, log_keys=(*one.log_keys, small_order(ORIGIN))),
        lambda one: replace(
            one, officers=tuple(small_order(f"{ORIGIN}/officer/{each}", y) for y, each in enumerate("ab"))
        ),
        lambda one: replace(one, officers=(small_order(f"{ORIGIN}/head/li", 0),)),
        lambda one: replace(one, tls_roots=PEM.replace("MII", "AII", 1)),
        lambda one: replace(
            one, sealing_keys=(SealingKey.parse(one.sealing_keys[0].encoded[:-8] + "AAAAAAA="),)
        ),
    ],
)
def test_member_with_a_key_that_is_none_is_neither_signed_nor_accepted(
    change: Callable[[Member], Member],
) -> None:
    changed = directory(change(member()))
    assert changed != directory()
    with pytest.raises(NodeError, match="DIRECTORY_INVALID"):
        sign_directory(changed, AUTHORITY)
    assert refusal(sign_note(render_directory(changed), AUTHORITY)).metadata["where"] == TAX
