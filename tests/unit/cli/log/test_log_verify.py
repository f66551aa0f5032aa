"""Claims about verifying an exported log with nothing but public keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from support.cli_run import Ran, dxnode
from support.fake_catalogue import REQUESTER
from support.fake_desk import COSIGNER, LOG_SIGNER, FakeDesk, serving
from support.plain_log import make_log
from support.town import Town

from node.cli.log.file import verify_export, write_export
from node.crypto.signing import SignatureSuite, Signer
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as pb
from node.v1.usage_log_pb2 import LogExport

LOG_KEY = LOG_SIGNER.verifier.vkey()
COSIGN_KEY = COSIGNER.verifier.vkey()
STRANGER = Signer(f"dxnode/{REQUESTER}", SignatureSuite.ED25519, bytes(31) + b"\1")


def export(path: Path, leaves: list[bytes], signed: list[bytes] | None = None, cosigned: int = 0) -> Path:
    """Write `leaves`, with the checkpoint of `signed` (by default the same), cosigned at another size."""
    signed = leaves if signed is None else signed
    header = LogExport(
        version=1,
        origin=f"dxnode/{REQUESTER}",
        size=len(leaves),
        checkpoint=FakeDesk(signed).note(),
        cosigned_checkpoint=FakeDesk(signed[:cosigned]).note(LOG_SIGNER, COSIGNER) if cosigned else b"",
    )
    write_export(path, header, leaves)
    return path


def verify(path: Path, *options: str | Path) -> Ran:
    return dxnode("log", "verify", path, "--log-key", LOG_KEY, *options)


def test_export_from_a_node_verifies(tmp_path: Path) -> None:
    with serving(FakeDesk(make_log(30)), tmp_path) as address:
        assert dxnode("log", "export", tmp_path / "usage.log", "--desk", address).code == 0
    ran = verify(tmp_path / "usage.log", "--cosign-key", COSIGN_KEY)
    assert ran.code == 0
    assert "the log is whole: 60 records" in ran.out
    assert "covers the first 60 records" in ran.out


def test_keys_may_stand_in_files(tmp_path: Path) -> None:
    path = export(tmp_path / "usage.log", make_log(5))
    (tmp_path / "log.vkey").write_text(LOG_KEY + "\n")
    assert dxnode("log", "verify", path, "--log-key", tmp_path / "log.vkey").code == 0


def test_json_result_names_signers_and_root(tmp_path: Path) -> None:
    ran = verify(export(tmp_path / "usage.log", make_log(5)), "--json")
    result = json.loads(ran.out)
    assert result["report"]["records"] == 10
    assert result["report"]["findings"] == []
    assert result["signers"] == [f"dxnode/{REQUESTER} (ed25519)"]


def test_changed_record_is_caught_and_placed(tmp_path: Path) -> None:
    signed = make_log(50)
    leaves = list(signed)
    record = pb.UsageRecord.FromString(leaves[80])
    record.intent.purpose = "city-planning"
    leaves[80] = record.SerializeToString()
    path = export(tmp_path / "usage.log", leaves, signed, cosigned=60)
    ran = verify(path, "--cosign-key", COSIGN_KEY)
    assert ran.code == 5
    assert "records 60 to 99: were changed, removed or added" in ran.out
    # Its outcome no longer finds the question that was recorded.
    assert "record 81: is the outcome of a question that was never recorded" in ran.out


def test_every_single_changed_byte_is_caught(tmp_path: Path) -> None:
    path = export(tmp_path / "usage.log", make_log(3))
    whole = path.read_bytes()
    changed = tmp_path / "changed.log"
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        changed.write_bytes(damaged)
        try:
            verified = verify_export(changed, [LOG_SIGNER.verifier], [], [], lambda _: None)
        except NodeError as error:
            assert error.reason in (Reason.LOG_CORRUPT, Reason.PROOF_INVALID)  # noqa: PT017 - or has findings
        else:
            assert verified.report.findings, position


def cut(leaves: list[bytes]) -> list[bytes]:
    return leaves[:-3]


def add(leaves: list[bytes]) -> list[bytes]:
    return [*leaves, leaves[-1]]


def swap(leaves: list[bytes]) -> list[bytes]:
    return [*leaves[:4], leaves[6], leaves[5], leaves[4], *leaves[7:]]


@pytest.mark.parametrize("tamper", [cut, add, swap, lambda leaves: [], lambda leaves: leaves[1:]])
def test_log_that_does_not_fit_its_checkpoint_is_not_whole(
    tmp_path: Path, tamper: Callable[[list[bytes]], list[bytes]]
) -> None:
    signed = make_log(10)
    assert verify(export(tmp_path / "usage.log", tamper(signed), signed)).code == 5


def test_rewritten_and_signed_anew_is_caught_by_a_checkpoint_that_others_kept(tmp_path: Path) -> None:
    before = make_log(10)
    (tmp_path / "kept").write_bytes(FakeDesk(before).note())
    rewritten = make_log(20, start_ms=1_764_000_000_007)
    path = export(tmp_path / "usage.log", rewritten)
    assert verify(path).code == 0
    ran = verify(path, "--checkpoint", tmp_path / "kept")
    assert ran.code == 5
    assert "records 0 to 19" in ran.out


def test_cut_and_signed_anew_is_caught_by_a_checkpoint_that_others_kept(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(FakeDesk(make_log(10)).note())
    path = export(tmp_path / "usage.log", make_log(8))
    ran = verify(path, "--checkpoint", tmp_path / "kept")
    assert ran.code == 5
    assert "records 16 to 19: are missing" in ran.out


def test_all_keys_that_the_directory_lists_are_believed_and_no_other(tmp_path: Path) -> None:
    town, (new_log, new_cosign) = (
        Town(tmp_path / "town"),
        (Signer(f"dxnode/{REQUESTER}", suite, b"\3" * 32) for suite in SignatureSuite),
    )
    town.add(REQUESTER)
    leaves = make_log(10)
    desk = FakeDesk(leaves)
    header = LogExport(
        version=1,
        origin=f"dxnode/{REQUESTER}",
        size=len(leaves),
        checkpoint=desk.note(new_log),
        cosigned_checkpoint=desk.note(LOG_SIGNER, COSIGNER),
    )
    path, kept = tmp_path / "usage.log", tmp_path / "kept.checkpoint"
    write_export(path, header, leaves)
    kept.write_bytes(FakeDesk(leaves[:8]).note(LOG_SIGNER))

    def verified_with(log_keys: Sequence[Signer], cosign_keys: Sequence[Signer]) -> Ran:
        town.publish(
            replace(
                town.member(REQUESTER),
                log_keys=tuple(signer.verifier.vkey() for signer in log_keys),
                cosign_keys=tuple(signer.verifier.vkey() for signer in cosign_keys),
            )
        )
        note, authority = tmp_path / "town/directory.note", town.signer.verifier.vkey()
        options = ("--directory", note, "--authority-key", authority, "--checkpoint", kept)
        return dxnode("log", "verify", path, *options)

    whole = verified_with([new_log, LOG_SIGNER], [new_cosign, COSIGNER])
    assert whole.code == 0, whole.err
    assert "covers the first 20 records" in whole.out
    for log_keys, cosign_keys in (
        ([LOG_SIGNER], [new_cosign, COSIGNER]),
        ([new_log], [new_cosign, COSIGNER]),
        ([new_log, LOG_SIGNER], [new_cosign]),
    ):
        ran = verified_with(log_keys, cosign_keys)
        assert (ran.code, "PROOF_INVALID" in ran.err) == (5, True)


def test_signature_of_a_stranger_is_none(tmp_path: Path) -> None:
    path = export(tmp_path / "usage.log", make_log(3))
    ran = dxnode("log", "verify", path, "--log-key", STRANGER.verifier.vkey())
    assert ran.code == 5
    assert "PROOF_INVALID" in ran.err


def test_cosignature_that_is_not_there_is_not_claimed(tmp_path: Path) -> None:
    ran = verify(export(tmp_path / "usage.log", make_log(3)))
    assert "was not checked" in ran.out
    ran = verify(export(tmp_path / "usage.log", make_log(3)), "--cosign-key", COSIGN_KEY)
    assert "covers the first 0 records" in ran.out


def test_ed25519_signature_does_not_pass_for_the_cosignature(tmp_path: Path) -> None:
    leaves = make_log(3)
    header = LogExport(
        version=1,
        origin=f"dxnode/{REQUESTER}",
        size=6,
        checkpoint=FakeDesk(leaves).note(),
        cosigned_checkpoint=FakeDesk(leaves).note(LOG_SIGNER),
    )
    write_export(tmp_path / "usage.log", header, leaves)
    assert verify(tmp_path / "usage.log", "--cosign-key", COSIGN_KEY).code == 5


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"not an export of a log", b"\xff" * 40, b"\x03\x08\x02\x12"]
)
def test_file_that_is_no_export_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "usage.log").write_bytes(content)
    ran = verify(tmp_path / "usage.log")
    assert ran.code == 5
    assert "LOG_CORRUPT" in ran.err
    assert "name the file that `dxnode log export` has written" in ran.err


def test_a_key_that_has_not_signed_is_no_alarm_about_an_answer(tmp_path: Path) -> None:
    path = export(tmp_path / "usage.log", make_log(3))
    ran = dxnode("log", "verify", path, "--log-key", COSIGN_KEY)
    assert (ran.code, "exchange id" in ran.err) == (5, False)
    assert "compare the key by a second way" in ran.err


def test_export_cut_in_the_middle_of_a_record_is_refused(tmp_path: Path) -> None:
    path = export(tmp_path / "usage.log", make_log(3))
    path.write_bytes(path.read_bytes()[:-1])
    ran = verify(path)
    assert ran.code == 5
    assert "record 5" in ran.err


def test_empty_log_is_whole(tmp_path: Path) -> None:
    assert "the log is whole and empty" in verify(export(tmp_path / "usage.log", [])).out


def test_several_processes_find_the_same(tmp_path: Path) -> None:
    path = export(tmp_path / "usage.log", make_log(20_000), cosigned=20_001)
    keys = [LOG_SIGNER.verifier], [COSIGNER.verifier]
    alone = verify_export(path, *keys, [], lambda _: None, processes=1)
    together = verify_export(path, *keys, [], lambda _: None, processes=2)
    assert alone == together
    assert alone.report.records == 40_000
    assert alone.report.findings == ()


def test_failed_export_leaves_nothing_behind(tmp_path: Path) -> None:
    desk = FakeDesk(make_log(5))
    with serving(desk, tmp_path) as address:
        # The node claims more records than it lists.
        desk.size = lambda: 10  # type: ignore[method-assign]
        desk.leaves = desk.leaves[:-1]
        assert dxnode("log", "export", tmp_path / "usage.log", "--desk", address).code != 0
    assert not list(tmp_path.glob("usage.log*"))


def test_node_that_shows_a_wrong_proof_is_caught(tmp_path: Path) -> None:
    desk = FakeDesk(make_log(5))
    with serving(desk, tmp_path) as address:
        (tmp_path / "kept").write_bytes(FakeDesk(make_log(4, start_ms=1)).note())
        ran = dxnode("log", "prove", "--since", tmp_path / "kept", "--desk", address)
    assert ran.code == 5
    assert "PROOF_INVALID" in ran.err
