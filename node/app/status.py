"""How a node is, for `dxnode status`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from node import __version__
from node.app.history import History
from node.app.live.live import Live
from node.app.live.opening import OpenSource
from node.app.surroundings import problems_around
from node.config.settings import Settings
from node.core.clock import Clock, Reading, clock_problem
from node.core.deciding.budget import Pot, Spent
from node.core.deciding.cost import budget_debits
from node.core.deciding.grant import Grant, GrantState
from node.core.log.commit import Head
from node.core.milliseconds import to_ms
from node.core.policy.policy import Budget, Policies
from node.core.state.data_load import DataLoad
from node.core.state.lost_state import LostState
from node.core.state.part import Part, PartKind, PartProblem
from node.exchange.provider_answer import load_message
from node.rpc.admin_service import part_problem_message
from node.source.spec import Exactness
from node.store import driver
from node.texts.carried import to_text
from node.texts.message import Message
from node.v1 import desk_pb2 as pb

MAX_WAITING = 100
"""Datasets without approval that a status names at most."""


def node_status(
    settings: Settings,
    live: Live,
    head: Head,
    log_problem: Message | None,
    clock: tuple[Clock, Reading],
    grants: Sequence[Grant],
    history: History,
    draining: bool,
    spent: Callable[[Pot], Spent],
) -> pb.GetStatusResponse:
    """The status message at a time where the node is; touches every data source once.

    `spent` gives what was spent of a privacy budget.
    """
    problems = [*history.problems(), *live.problems(), *problems_around(settings)]
    if log_problem is not None:
        problems.append(PartProblem(Part(PartKind.LOG), log_problem))
    if (wrong := clock_problem(*clock)) is not None:
        problems.append(PartProblem(Part(PartKind.CLOCK), wrong))
    now = clock[0].time(clock[1]).astimezone(ZoneInfo(settings.timezone))
    directory = live.directory
    ending = live.ending()
    degraded = bool(problems) or any(each.degrades for each in ending)
    state = "DRAINING" if draining else "DEGRADED" if degraded else "SERVING"
    datasets = [
        _dataset(dataset, source, load)
        for dataset, source in live.sources.opened.items()
        if (load := live.load_of(dataset)) is not None
    ]
    calendar, published = live.calendar, live.published
    manifest = published.loaded.manifest if published is not None else None
    waiting = published.waiting if published is not None else ()
    return pb.GetStatusResponse(
        department=settings.department.code,
        title=settings.department.title,
        version=__version__,
        state=state,
        part_problems=map(part_problem_message, problems),
        log_size=head.size,
        checkpoint=head.note,
        directory_version=directory.version,
        directory_expires_ms=to_ms(directory.expires),
        policy_digest=live.policy_digest(),
        datasets=datasets,
        active_grants=sum(grant.state is GrantState.ACTIVE for grant in grants),
        keys=[
            pb.KeyStatus(use=each.use, key_id=each.key_id, expires_ms=to_ms(each.ends))
            for each in live.lifetimes()
        ],
        workdays_known_until=str(calendar.known_until) if calendar is not None else "",
        policies_unsigned=settings.policies.unsigned,
        policy_version=manifest.version if manifest is not None else 0,
        policy_valid_until_ms=to_ms(manifest.valid_until) if manifest is not None else 0,
        policy_approved=published.loaded.approved if published is not None else (),
        holidays_digest=calendar.holidays.digest if calendar is not None else b"",
        waiting=[
            pb.WaitingDataset(
                dataset=each.dataset, lacking=each.lacking, problem_wordings=map(to_text, each.problems)
            )
            for each in waiting[:MAX_WAITING]
        ],
        waiting_total=len(waiting),
        notice_wordings=map(to_text, (*history.notices(), *live.notices(), *(each.said for each in ending))),
        lost=_lost(history.lost),
        stopped_peers=history.peer_logs.stopped(),
        sqlite=driver.VERSION,
        accounts=_accounts(published.policies, now, spent) if published is not None else (),
        clock=_clock_status(*clock),
    )


def _clock_status(clock: Clock, reading: Reading) -> pb.ClockStatus:
    return pb.ClockStatus(
        standing=clock.standing,
        node_ms=to_ms(clock.time(reading)),
        system_ms=to_ms(reading.wall),
        told=clock.told,
    )


_EXACTNESS = {
    Exactness.READ: pb.EXACTNESS_READ,
    Exactness.CHECKED: pb.EXACTNESS_CHECKED,
    Exactness.CHECKING: pb.EXACTNESS_CHECKING,
    Exactness.UNCHECKED: pb.EXACTNESS_UNCHECKED,
}


def _dataset(name: str, source: OpenSource, load: DataLoad) -> pb.DatasetStatus:
    report = source.report
    status = pb.DatasetStatus(
        dataset=name,
        load=load_message(load),
        exactness=_EXACTNESS[source.exactness],
    )
    if report is not None:
        status.rows, status.invalid_subjects = report.rows, report.invalid_subjects
        status.duplicates, status.refused_values = report.duplicates, sum(report.refused.values())
        status.lines, status.header_lines = report.lines, report.header
        status.blank_lines, status.continued_lines = report.blank, report.continued
    return status


def _lost(lost: LostState | None) -> pb.LostState | None:
    if lost is None:
        return None
    return pb.LostState(
        own_size=lost.own_size,
        own_root=bytes.fromhex(lost.own_root),
        seen_size=lost.seen_size,
        seen_root=bytes.fromhex(lost.seen_root),
        seen_by=lost.seen_by,
        found_ms=lost.found_ms,
        last_record_ms=lost.last_record_ms,
    )


def _accounts(policies: Policies, now: datetime, spent: Callable[[Pot], Spent]) -> Iterator[pb.AccountStatus]:
    """What was spent of each account by all together, in each period that a policy counts it by."""
    budgets: dict[tuple[str, str], dict[str, Budget]] = {}
    for name, policy in policies.datasets.items():
        if (budget := policy.budget) is not None:
            budgets.setdefault((budget.account, budget.period), {})[name] = budget
    for (account, period), by_dataset in sorted(budgets.items()):
        least = min(by_dataset.values(), key=lambda budget: budget.dataset_micros)
        by_all = budget_debits(least, "", "", now, 0)[0]
        found = spent(by_all.pot)
        yield pb.AccountStatus(
            account=account,
            datasets=sorted(by_dataset),
            counted_with=sorted(found.accounts - {account}),
            period=period,
            from_ms=by_all.period.from_ms,
            until_ms=by_all.period.until_ms,
            spent_micros=found.used,
            limit_micros=by_all.limit,
        )
