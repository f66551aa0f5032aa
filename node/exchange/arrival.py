"""What the provider knows of requests before it decides: what is common to all that came, and each one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from node.core.deciding.cost import Day
from node.core.directory.directory import Member
from node.core.policy.policy import Policies
from node.core.policy.request import RequestingDepartment
from node.core.state.data_age import dated
from node.core.state.data_load import DataLoad, KeptLoad
from node.core.workdays import Calendar
from node.exchange.opened import Opened
from node.exchange.ports import Source
from node.v1 import record_pb2 as rec


@dataclass(frozen=True, slots=True)
class ProviderState:
    """What a reload replaces, as one value."""

    policies: Policies
    sources: Mapping[str, Source]
    loads: Mapping[str, KeptLoad]
    calendar: Calendar


class Arrival(NamedTuple):
    """What is common to all requests that arrive together: who asks, when, and what they are decided by.

    `department` is what policies look at of `peer`; `moment` is `now` in the zone of the node, `day` its day.
    """

    peer: Member
    department: RequestingDepartment
    state: ProviderState
    now: datetime
    moment: datetime
    day: Day
    loads: dict[str, DataLoad | None]
    """By dataset, those that were asked for."""

    def load_of(self, dataset: str) -> DataLoad | None:
        """The load of a dataset that is answered from, as it is named now; None without one."""
        if dataset not in self.loads:
            kept, policy = self.state.loads.get(dataset), self.state.policies.get(dataset)
            self.loads[dataset] = (
                None
                if kept is None or policy is None
                else dated(kept, policy.dataset.update, self.moment, self.state.calendar)
            )
        return self.loads[dataset]


class Admitted(NamedTuple):
    """A request whose envelope was opened; `opened` may hold a problem, and then it is denied for that.

    Who asks waits `until` then, by the clock of the event loop; None for as long as it takes.
    """

    arrival: Arrival
    opened: Opened
    until: float | None

    @property
    def intent(self) -> rec.Intent:
        """What is asked."""
        return self.opened.intent
