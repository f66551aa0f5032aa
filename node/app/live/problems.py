"""What is wrong with the parts that a running node has read, for `dxnode status`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import starmap

from node.app.lifetimes import Ending, endings
from node.app.live.own_keys import Keys, signing_keys
from node.app.live.parts import LiveParts
from node.app.live.sources import Sources
from node.core.directory.directory import Member, require_current
from node.core.milliseconds import from_ms
from node.core.revision import mismatch
from node.core.state.data_load import DataLoad
from node.core.state.part import Part, PartKind, PartProblem
from node.errors import NodeError
from node.texts.message import Message, Value

DIRECTORY = Part(PartKind.DIRECTORY)


def problems_of(
    parts: LiveParts,
    own: Member | None,
    tried: Mapping[Part, Message],
    of_policies: Mapping[Part, Message],
    load_of: Callable[[str], DataLoad | None],
    now: datetime,
) -> list[PartProblem]:
    """All of it; reads every data source once.

    `own` is the own entry in the directory. `tried` is what is wrong with the parts that could not be read
    anew, `of_policies` what is with the policies in use, `load_of` the load that a dataset is answered from.
    """
    found = dict(tried)
    try:
        require_current(parts.directory, now)
    except NodeError as error:
        found[DIRECTORY] = error.wording
    found |= of_policies
    silent, refused = _of_sources(parts.sources, load_of)
    found |= silent
    if own is not None:
        found |= dict(_of_own_entry(own, parts.keys))
    return [*starmap(PartProblem, found.items()), *refused, *_ended(parts, own, now)]


def ending_soon(parts: LiveParts, own: Member | None, now: datetime) -> list[Ending]:
    """What of keys, certificates and the directory ends soon."""
    return [each for each in endings(parts.lifetimes(own), now) if not each.over]


def _of_sources(
    sources: Sources, load_of: Callable[[str], DataLoad | None]
) -> tuple[dict[Part, Message], list[PartProblem]]:
    """Which sources do not answer, and what is wrong with the data of those that do."""
    silent: dict[Part, Message] = {}
    refused: list[PartProblem] = []
    for dataset, source in sources.opened.items():
        part = Part(PartKind.SOURCE, dataset)
        try:
            source.check()
        except NodeError as error:
            silent[part] = error.wording
        else:
            refused += [PartProblem(part, problem) for problem in source.problems()]
        if (load := load_of(dataset)) is not None and load.overdue:
            args: dict[str, Value] = {"as_of": from_ms(load.as_of_ms), "dataset": dataset}
            refused.append(PartProblem(part, Message("state.source.overdue", args)))
    return silent, refused


def _of_own_entry(own: Member, keys: Keys) -> Iterator[tuple[Part, Message]]:
    """What the directory says of this node that is not so."""
    log_signer, cosigner = signing_keys(keys, own)
    known = (*own.log_keys, *own.cosign_keys)
    if log_signer.verifier.vkey() not in known or cosigner.verifier.vkey() not in known:
        yield Part(PartKind.LOG_KEYS), Message("state.log-keys.not-listed")
    if (problem := mismatch(own.schema)) is not None:
        yield Part(PartKind.SCHEMA), problem


def _ended(parts: LiveParts, own: Member | None, now: datetime) -> list[PartProblem]:
    over = [each for each in endings(parts.lifetimes(own), now) if each.over]
    # Of a directory that has expired, more is said where it is looked at as a whole.
    return [PartProblem(each.part, each.said) for each in over if each.part != DIRECTORY]
