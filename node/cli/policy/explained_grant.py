"""The grant that an explanation goes by, and what an answer under it would count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from node.analysis.statements.phrases import listed, micros, number
from node.cli.terminal.session import open_client, settings_file
from node.core.deciding.evaluator import Decision
from node.core.deciding.grant import Grant, GrantState
from node.core.policy.policy import Budget
from node.core.policy.request import Request
from node.errors import NodeError, Reason
from node.files.regular_file import read_regular
from node.texts.wording import t

_MOST_BYTES = 1 << 20
_GRANT = TypeAdapter(Grant)


def read_grant(given: str, config: Path | None) -> Grant:
    """The grant in a file, as `dxnode grant show --json` writes it; else that of this id at the own node.

    Raises NodeError: CONFIG_INVALID for a file that holds no grant or is not there, or when no settings name
    the node; and what the node says.
    """
    path = Path(given)
    if not path.is_file():
        if path.suffix or path.name != given:
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.cli.grant-file-missing",
                path=str(path),
            )
        if settings_file(config) is None:
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.cli.settings-missing",
            )
        with open_client(None, None, None, None, config, 10.0) as client:
            return client.admin.grant(given)
    try:
        return _GRANT.validate_json(read_regular(path, _MOST_BYTES))
    except (OSError, ValidationError):
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.cli.file-without-grant",
            file=str(path),
        ) from None


def supposed_grant(request: Request) -> Grant:
    """A grant that covers the request and is valid then."""
    return Grant(
        id=request.grant_id,
        provider="",
        requester=request.requester.code,
        dataset=request.dataset,
        questions=frozenset({request.question}),
        purposes=(request.purpose,),
        region="",
        subjects_per_day=0,
        valid_from=request.at - timedelta(days=1),
        valid_until=request.at + timedelta(days=1),
        state=GrantState.ACTIVE,
        basis="",
        scenario="",
        note="",
    )


def other_grant(grant: Grant, request: Request) -> str:
    """Whose grant it is, for people, if it is not of who asks or not for the dataset; else ""."""
    if (grant.requester, grant.dataset) == (request.requester.code, request.dataset):
        return ""
    return t("explain.grant.of-other", id=grant.id, requester=grant.requester, dataset=grant.dataset)


def counted(decision: Decision, budget: Budget | None) -> Iterator[str]:
    """What a permit still depends on, because earlier answers count: limits, tries, combinations, budget."""
    question, limits = decision.question, decision.limits
    if not decision.permit or question is None:
        return
    amounts = (("per-day", limits.per_day), ("per-subject", limits.per_subject_per_day))
    counts = [
        t(f"explain.counted.{key}", count=number(amount)) for key, amount in amounts if amount is not None
    ]
    if counts:
        yield t("explain.counted.limits", rule=decision.rule, limits=listed(counts))
    if decision.grant is not None and decision.grant.subjects_per_day:
        yield t("explain.counted.grant", count=number(decision.grant.subjects_per_day))
    if question.claims:
        yield t(
            "explain.counted.claims",
            tries=min(each.wrong_tries_per_subject for each in question.claims.values()),
        )
    for combination in question.combinations:
        others = listed(name for name in combination.questions if name != question.name)
        yield t("explain.counted.together", questions=others, days=combination.days, id=combination.id)
    if question.statistic is not None and budget is not None:
        epsilon = micros(question.statistic.epsilon_micros)
        yield t("explain.counted.budget", account=budget.account, epsilon=epsilon)
