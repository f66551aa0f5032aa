"""Makes the seed corpus of the fuzz targets anew: `PYTHONPATH=.:tests python tests/support/make_corpus.py`.

A seed is a small well-formed input. Finds are added beside them by hand, under a name that says what they
were, and stay.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.bundles import LI, WANG, head, listed, sign_draft, write_draft
from support.places import CORPUS, POLICIES
from support.running import pension_grant, register, resident
from support.town import HR, TAX, Town

from node.core import wire
from node.core.catalogue.csv import write_csv
from node.core.catalogue.dcat import write_dcat
from node.core.catalogue.deadlines import Cause, render_causes
from node.core.catalogue.entry import entry_of
from node.core.directory.directory import render_directory, render_member
from node.core.log.checkpoint import Checkpoint
from node.core.log.seen_file import render_seen
from node.core.messages.grant_message import grant_to_message
from node.core.policy.approval import ApprovalRole, Version, make_approval, render_approval
from node.core.policy.bundle import MANIFEST, render_manifest
from node.core.policy.policy import PolicyFile
from node.core.reading.build import build_policies
from node.core.state.backup import DATABASE, Backup, BackupFile, render_backup
from node.core.state.order import OrderKind, make_order, render_order
from node.documents.bundle_file import read_manifest
from node.documents.directory_file import read_directory
from node.documents.order_file import sign_order
from node.v1 import catalogue_pb2, grant_pb2
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec
from scripts.fuzzing import exchanges

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)


def main() -> None:
    """Write every seed."""
    with tempfile.TemporaryDirectory() as folder:
        for target, name, content in seeds(Path(folder)):
            path = CORPUS / target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def seeds(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """Target, name and content of each."""
    yield from _documents(folder)
    yield from _exchanges()
    yield from _inputs()


def _documents(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    town = Town(folder)
    office = town.add(HR)
    town.publish(replace(listed(town.member(HR)), tls_roots=""))
    note = (folder / "directory.note").read_bytes()
    yield "note", "directory", note
    yield "directory", "one-member", render_directory(read_directory(note, town.signer.verifier))
    yield "member", "with-officers", render_member(replace(listed(town.member(HR)), tls_roots=""))
    yield "verifier-key", "ed25519", LI.verifier.vkey().encode()
    yield "verifier-key", "ml-dsa-65", town.member(HR).cosign_keys[0].encode()
    checkpoint = Checkpoint(f"dxnode/{HR}", 12, bytes(range(32))).body()
    yield "checkpoint", "small", checkpoint
    yield "checkpoint", "extended", checkpoint + b"an extension\n"
    draft = sign_draft(
        write_draft(folder / "draft", {"a.yaml": "a", "b.yaml": "b"}), start=NOW, end=NOW + timedelta(days=9)
    )
    manifest = read_manifest((draft / MANIFEST).read_bytes())
    yield "bundle", "two-files", render_manifest(manifest)
    yield "note", "bundle", (draft / MANIFEST).read_bytes()
    order = make_order(HR, OrderKind.ACCEPT_STATE, bytes(16), NOW, "", {"own_size": "1"}, "a disk was lost")
    yield "order", "unsigned", render_order(order)
    yield "order", "signed", sign_order(sign_order(render_order(order), LI), WANG)
    version = Version("pension-insurance", HR, bytes(32))
    approval = make_approval(version, ApprovalRole.HEAD, head("chen").name, NOW, "read")
    yield "approval", "head", render_approval(approval)
    yield "causes", "one", render_causes((Cause("pension-insurance", NOW.date(), "a new field", NOW),))
    yield "seen-checkpoints", "two", render_seen(HR, NOW, [checkpoint, checkpoint])
    manifest_of_backup = Backup(
        HR, "0.1.0", NOW, 12, checkpoint.decode(), ("0" * 16,), (BackupFile(DATABASE, "0" * 64, 4096),)
    )
    yield "backup", "database", render_backup(manifest_of_backup)
    pem = (office.folder / "tls" / "exchange.pem").read_bytes()
    yield "certificate", "node", pem
    yield "certificate", "node-der", ssl.PEM_cert_to_DER_cert(pem.decode())
    yield "certificate", "desk-roots", (office.folder / "tls" / "desk-roots.pem").read_bytes()


def _exchanges() -> Iterator[tuple[str, str, bytes]]:
    opening = exchanges._opening()
    intent, verdict = exchanges._intent(opening), exchanges._verdict(exchanges._answers())
    envelope = pb.Envelope(
        version=1,
        suite=pb.SUITE_XWING_HKDF_SHA256_AES256GCM,
        requester=TAX,
        provider=HR,
        exchange_id=bytes(16),
        key_id="0123456789abcdef",
        ciphertext=bytes(40),
        sealed_key=bytes(40),
    )
    receipt = exchanges._receipt(exchanges.REQUESTER, intent)
    answers = {
        "verify": rec.Answers(salt=bytes(32), verify=rec.VerifyAnswers(results=[True])),
        "field": rec.Answers(
            salt=bytes(32), field=rec.FieldAnswers(answers=[rec.FieldAnswer(present=True, value="60-120")])
        ),
        "statistic": rec.Answers(
            salt=bytes(32),
            statistic=rec.StatisticAnswer(
                cells=[rec.StatisticCell(key=["441900003"], count=-2)],
                epsilon_micros=500_000,
                accuracy_95=6,
                load=exchanges._LOAD,
            ),
        ),
    }

    yield "envelope", "ask", wire.write(pb.AskRequest(envelope=envelope))
    yield "sealed-request", "one-subject", exchanges._request(intent, opening)
    yield "intent", "one-subject", intent
    yield "opening", "with-claims", opening
    yield "receipt", "small", wire.write(receipt)
    yield "sealed-response", "permit", exchanges._response(verdict, exchanges._answers())
    yield "verdict", "permit", verdict
    for name, message in answers.items():
        yield "answers", name, wire.write(message)
    yield (
        "grants",
        "one",
        wire.write(
            grant_pb2.ListGrantsResponse(
                grants=[
                    grant_to_message(pension_grant(id="g-0123456789abcdef", valid_from=NOW, valid_until=NOW))
                ]
            )
        ),
    )
    framed = b"".join(bytes([len(leaf) & 127 | 128, len(leaf) >> 7]) + leaf for leaf in (intent, verdict))
    yield "leaves", "intent-and-verdict", framed


def _inputs() -> Iterator[tuple[str, str, bytes]]:
    text = (POLICIES / "pension-insurance.yaml").read_bytes()
    files = [
        PolicyFile("pension-insurance.yaml", text),
        PolicyFile("definitions.yaml", (POLICIES / "definitions.yaml").read_bytes()),
    ]
    entry = entry_of(build_policies(files).datasets["pension-insurance"])
    yield "catalogue-entry", "pension", wire.write(catalogue_pb2.GetDatasetResponse(dataset=entry))
    yield "catalogue-csv", "pension", "".join(write_csv([entry])).encode()
    yield "catalogue-dcat", "pension", "".join(write_dcat(HR, NOW, [entry])).encode()
    rows = register(3).replace("张三1", '"张三, 1"').replace("张三2", '"张""三"')
    yield "data-csv", "quoted", rows.encode()
    yield "data-csv", "crlf", b"\xef\xbb\xbf" + rows.replace("\n", "\r\n").encode()
    yield "identifiers", "resident", resident(1).encode()
    yield "identifiers", "in-text", f"DG-2026 {resident(2)} x".encode()
    yield "identifiers", "credit-code", HR.encode()
    yield "identifiers", "region", b"441900003000"
    for name, value in (
        ("date", "2026年1月2日"),
        ("integer", "+60.0"),
        ("text", "张 三"),
        ("region", "4419"),
    ):
        yield "values", name, value.encode()
    yield "policy", "pension", text
    yield "definitions", "all", (POLICIES / "definitions.yaml").read_bytes()
    for name, predicate in (
        ("compare", "status = 'active' AND months_paid >= 60"),
        ("among", "region IN ('441900', '440300') OR NOT (months_paid BETWEEN 1 AND 5)"),
        ("null", "name IS NOT NULL"),
    ):
        yield "predicate", name, predicate.encode()
    yield "holidays", "one", "days_off:\n  2027-01-01: 元旦\nworking_days: {}\ncomplete: []\n".encode()


if __name__ == "__main__":
    os.umask(0o022)
    main()
