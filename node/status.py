"""How a node is, for `dxnode status`."""

from __future__ import annotations

from collections.abc import Sequence

from node import __version__
from node.config import Settings
from node.core.clock import Clock, Reading, clock_problem
from node.core.commit import Head
from node.core.grant import Grant, GrantState
from node.core.milliseconds import to_ms
from node.live import Live
from node.store import driver
from node.surroundings import problems_around
from node.v1 import desk_pb2 as pb

MAX_WAITING = 100
"""Datasets without approval that a status names at most."""


def node_status(
    settings: Settings,
    live: Live,
    head: Head,
    log_problem: str,
    clock: tuple[Clock, Reading],
    grants: Sequence[Grant],
    draining: bool,
) -> pb.GetStatusResponse:
    """The status message; touches every data source once."""
    problems = [*live.problems(), *problems_around(settings)]
    if log_problem:
        problems.append(f"usage log: {log_problem}")
    if clock_is_wrong := clock_problem(*clock):
        problems.append(f"clock: {clock_is_wrong}")
    directory = live.directory
    state = "DRAINING" if draining else "DEGRADED" if problems else "SERVING"
    datasets = [
        pb.DatasetStatus(
            dataset=dataset,
            snapshot=source.snapshot,
            rows=max(0, source.report.rows),
            invalid_subjects=max(0, source.report.invalid_subjects),
            duplicates=max(0, source.report.duplicates),
            problem=next((text for text in problems if text.startswith(f"source {dataset}: ")), ""),
        )
        for dataset, source in live.sources.items()
    ]
    calendar, loaded = live.calendar, live.loaded
    manifest = loaded.manifest if loaded is not None else None
    waiting = loaded.waiting if loaded is not None else ()
    return pb.GetStatusResponse(
        department=settings.department.code,
        title=settings.department.title,
        version=__version__,
        state=state,
        problems=problems,
        log_size=head.size,
        checkpoint=head.note,
        directory_version=directory.version,
        directory_expires_ms=to_ms(directory.expires),
        policy_digest=live.policy_digest(),
        datasets=datasets,
        active_grants=sum(grant.state is GrantState.ACTIVE for grant in grants),
        keys=[
            pb.KeyStatus(use=key.use, key_id=key.key_id, expires_ms=to_ms(key.expires))
            for key in live.keys.files
        ],
        workdays_known_until=str(calendar.known_until) if calendar is not None else "",
        policies_unsigned=settings.policies.unsigned,
        policy_version=manifest.version if manifest is not None else 0,
        policy_valid_until_ms=to_ms(manifest.valid_until) if manifest is not None else 0,
        policy_approved=loaded.approved if loaded is not None else (),
        holidays_digest=calendar.holidays.digest if calendar is not None else b"",
        waiting=[
            pb.WaitingDataset(dataset=each.dataset, lacking=each.lacking, problems=each.problems)
            for each in waiting[:MAX_WAITING]
        ],
        waiting_total=len(waiting),
        sqlite=driver.VERSION,
        clock=_clock_status(*clock),
    )


def _clock_status(clock: Clock, reading: Reading) -> pb.ClockStatus:
    return pb.ClockStatus(
        standing=clock.standing,
        node_ms=to_ms(clock.time(reading)),
        system_ms=to_ms(reading.wall),
        told=clock.told,
    )
