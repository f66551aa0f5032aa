"""Reads the small values of the command line: parameters, ids, times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from uuid import UUID

import typer

from node.errors import NodeError
from node.texts.wording import CHINA, t


class RoleOption(StrEnum):
    """Roles of a desk that may ask."""

    CLERK = "clerk"
    SYSTEM = "system"
    OPERATOR = "operator"


class LevelOption(StrEnum):
    """Levels of government."""

    NATIONAL = "national"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWN = "town"


def parameters_from(given: Sequence[str] | None) -> Mapping[str, str]:
    """`name=value` options as a mapping. Raises typer.BadParameter."""
    return _pairs(given or (), "usage.parameter")


def claim_columns_from(given: Sequence[str] | None) -> Mapping[str, str]:
    """`claim=column` options as a mapping. Raises typer.BadParameter."""
    return _pairs(given or (), "usage.claim_column")


def _pairs(given: Sequence[str], complaint: str) -> Mapping[str, str]:
    pairs: dict[str, str] = {}
    for pair in given:
        # An input method for Chinese writes the sign in full width.
        name, equals, value = pair.replace("\uff1d", "=", 1).partition("=")
        if not (name and equals and value):
            raise typer.BadParameter(t(complaint))
        pairs[name] = value
    return pairs


def exchange_id_from(given: str) -> bytes:
    """32 hexadecimal digits, in the groups of a UUID too; a new id for none. Raises typer.BadParameter."""
    if not given:
        from node.client.exchange_id import new_exchange_id

        return new_exchange_id()
    try:
        return UUID(given).bytes
    except ValueError:
        raise typer.BadParameter(t("usage.exchange_id")) from None


def read_option(option: str, read: Callable[[str], str], given: str) -> str:
    """The value of an option as `read` has it; its errors say which option is wrong."""
    try:
        return read(given)
    except NodeError as error:
        raise NodeError(
            error.reason, "error.cli.option-wrong", option=option, problem=error.wording
        ) from None


def require_new(path: Path, force: bool) -> None:
    """Raises BadParameter for a file that exists, unless it may be written over."""
    if path.exists() and not force:
        raise typer.BadParameter(t("usage.exists", path=path))


def day_from(given: str) -> date:
    """A day, as 2026-01-31. Raises typer.BadParameter."""
    try:
        if len(given) == 10:
            return date.fromisoformat(given)
    except ValueError:
        pass
    raise typer.BadParameter(t("workdays.date"))


def moment_from(given: str, *, end_of_day: bool = False) -> datetime:
    """A day in China's time, or an ISO 8601 time with its zone, as UTC; a day ends where the next begins.

    Raises typer.BadParameter.
    """
    try:
        if len(given) == 10:
            day = date.fromisoformat(given) + timedelta(days=1 if end_of_day else 0)
            return datetime.combine(day, time(), CHINA).astimezone(UTC)
        moment = datetime.fromisoformat(given)
    except (ValueError, OverflowError):
        raise typer.BadParameter(t("usage.time")) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=CHINA)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise typer.BadParameter(t("usage.time")) from None
