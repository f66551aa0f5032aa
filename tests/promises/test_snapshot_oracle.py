"""A promise: nothing that leaves the node is a function of the data, nor tells whether they are the same.

Whoever knows every other row, such as a department with an old copy, must not find out one person's by trying
which state of the data a verdict, a statistic or a record names.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import (
    BY_REGION,
    CASE,
    DEFERRAL,
    ENROLLED,
    PLANNING,
    Running,
    pension_town,
    resident,
    running,
)
from support.told import all_english
from support.town import HR, TAX, Town

from node.client.results import Statistic
from node.core.log.usage import parse_record
from node.core.policy.policy import PolicyFile
from node.core.reading.build import build_policies
from node.source.snapshot import content_name, name_of
from node.source.spec import Layout

DIGESTS = ("sha256", "sha512", "sha1", "md5", "blake2b", "blake2s", "sha3_256")


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return pension_town(tmp_path)


@pytest.fixture
def nodes(town: Town) -> Iterator[Running]:
    with running(town, HR, TAX) as nodes:
        nodes.grant()
        yield nodes


def register_of(nodes: Running) -> Path:
    return nodes.town.offices[HR].folder / "data" / "pension-insurance.csv"


def count(nodes: Running) -> Statistic:
    with nodes.operator(TAX) as tax:
        return tax.statistic(BY_REGION, purpose=PLANNING, case=CASE)


def ask(nodes: Running) -> None:
    with nodes.operator(TAX) as tax:
        tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE)


def reload(nodes: Running) -> tuple[str, ...]:
    with nodes.operator(HR) as hr:
        return tuple(all_english(hr.admin.reload().refused))


def restart(nodes: Running, code: str) -> None:
    nodes.stop(code)
    nodes.start(code)


def touch(path: Path) -> None:
    """The very same content again, as an export that found nothing new writes it."""
    beside = path.with_suffix(".export")
    shutil.copyfile(path, beside)
    beside.replace(path)


def load_numbers(nodes: Running) -> list[int]:
    """Of each verdict with an answer at the provider, the load."""
    verdicts = [r.verdict for r in nodes.records(HR) if r.WhichOneof("body") == "verdict"]
    return [verdict.load.number for verdict in verdicts if verdict.HasField("load")]


def names_of(nodes: Running) -> set[str]:
    """Every name that somebody who has the data could make of them without a key of the node."""
    layout = _layout(nodes)
    content = register_of(nodes).read_bytes()
    found = set()
    for how in DIGESTS:
        digest = hashlib.new(how, content)
        found |= {digest.hexdigest(), digest.hexdigest()[:32], digest.hexdigest()[:16]}
    sha256 = hashlib.sha256(content).digest()
    for key in (b"", bytes(32), layout.encode(), HR.encode()):
        named = content_name(key, sha256)
        found |= {named, name_of(named, layout, "utf-8"), name_of(sha256.hex(), layout, "utf-8")}
    for number in (1, 2):  # as an earlier version named it
        old = hashlib.sha256(f"{number}\n{sha256.hex()}\n{layout}\nutf-8".encode())
        found.add(old.hexdigest()[:32])
    return found


def _layout(nodes: Running) -> str:
    folder = nodes.town.offices[HR].folder / "policies"
    files = [PolicyFile(path.name, path.read_bytes()) for path in folder.iterdir()]
    return Layout.of(build_policies(files).datasets["pension-insurance"].dataset).digest()


def test_nobody_finds_out_by_trying_what_the_data_are(nodes: Running) -> None:
    ask(nodes)
    count(nodes)
    reload(nodes)

    said = b"".join(nodes.leaves(HR) + nodes.leaves(TAX))
    said += repr(count(nodes)).encode()
    kept = next((nodes.town.offices[HR].folder / "state" / "data" / "pension-insurance").iterdir()).name

    hexadecimal = {text.decode() for text in re.findall(rb"[0-9a-f]{16,}", said)}
    assert not hexadecimal & names_of(nodes)
    assert not any(bytes.fromhex(name) in said for name in names_of(nodes))
    # Nor does the keyed name, by which the files for answering are kept, leave the node.
    assert kept.encode() not in said
    assert bytes.fromhex(kept) not in said


def test_names_differ_by_node(tmp_path: Path) -> None:
    kept = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        town = pension_town(tmp_path / name)
        with running(town, HR) as nodes:
            built = nodes.town.offices[HR].folder / "state" / "data" / "pension-insurance"
            kept |= {path.name for path in built.iterdir()}
    assert len(kept) == 2


def test_file_that_was_touched_is_a_new_load_that_costs_again_whatever_is_in_it(nodes: Running) -> None:
    first = count(nodes)
    assert count(nodes).reused

    touch(register_of(nodes))
    assert reload(nodes) == ()

    second = count(nodes)
    # Given again for nothing, it would say that nothing has changed.
    assert not second.reused
    assert second.load.number == first.load.number + 1
    assert second.load.since is not None
    assert first.load.since is not None
    assert second.load.since > first.load.since


def test_changed_file_and_same_file_look_alike_to_others(nodes: Running) -> None:
    path = register_of(nodes)
    count(nodes)
    touch(path)
    reload(nodes)
    same = count(nodes)
    path.write_bytes(path.read_bytes().replace(b"active,2,", b"active,3,"))
    reload(nodes)
    changed = count(nodes)

    assert (same.reused, changed.reused) == (False, False)
    assert (same.load.number, changed.load.number) == (2, 3)


def test_untouched_file_is_no_new_load_over_reloads_and_restarts(nodes: Running) -> None:
    first = count(nodes)
    reload(nodes)
    restart(nodes, HR)
    ask(nodes)

    again = count(nodes)
    assert again.reused
    assert (again.load, again.cells) == (first.load, first.cells)
    assert set(load_numbers(nodes)) == {1}


def test_files_for_answering_that_are_built_anew_are_no_new_load(nodes: Running) -> None:
    first = count(nodes)
    nodes.stop(HR)
    shutil.rmtree(nodes.town.offices[HR].folder / "state" / "data")
    nodes.start(HR)

    again = count(nodes)
    assert again.reused
    assert again.load == first.load


def test_numbers_go_on_after_a_restart_and_after_the_file_was_away(nodes: Running) -> None:
    path = register_of(nodes)
    ask(nodes)
    nodes.stop(HR)
    content = path.read_bytes()
    path.unlink()
    nodes.start(HR)
    path.write_bytes(content)
    assert reload(nodes) == ()
    ask(nodes)
    restart(nodes, HR)
    ask(nodes)
    assert load_numbers(nodes) == [1, 2, 2]


def test_key_of_names_stays_when_the_data_key_is_replaced(nodes: Running) -> None:
    built = nodes.town.offices[HR].folder / "state" / "data" / "pension-insurance"
    before = {path.name: path.stat().st_ino for path in built.iterdir()}
    keys = nodes.town.offices[HR].folder / "keys"
    _rotate_data_key(keys)
    assert reload(nodes) == ()
    touch(register_of(nodes))
    assert reload(nodes) == ()
    assert {path.name: path.stat().st_ino for path in built.iterdir()} == before, "built anew for nothing"


def _rotate_data_key(keys: Path) -> None:
    from datetime import UTC, datetime, timedelta

    from node.documents.keys import KeyUse, generate, write_key

    now = datetime.now(UTC)
    write_key(keys, generate(KeyUse.DATA, now, now + timedelta(days=365), os.urandom))


def test_record_of_a_reload_tells_nothing_of_a_bad_data_file(nodes: Running) -> None:
    path = register_of(nodes)
    good = path.read_bytes()
    lines = good.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:300], resident(7).encode() + b",too few\n", *lines[300:]]))

    told = reload(nodes)
    assert any(line.startswith("source pension-insurance: ") for line in told)
    reloads = [parse_record(leaf).admin for leaf in nodes.leaves(HR)]
    note = [admin.note for admin in reloads if admin.action == "node.reload"][-1]

    assert "refused source pension-insurance" in note
    # The competent authority reads it: neither where the file is wrong nor how much is in it.
    assert not {"300", "301", "500", "501"} & set(re.findall(r"[0-9]+", note))
    assert "too few" not in note
    path.write_bytes(good)
