"""Acceptances: warnings that an officer has looked at and answers for, kept in the policy itself as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suppression:
    """One warning, accepted for a reason.

    `warning` is its name, `at` the part of the policy that it stands at (`rules/tax-deferral`), `about` one
    of its words where several of that name stand there, else "".
    """

    warning: str
    at: str
    about: str
    because: str

    def __str__(self) -> str:
        about = f" about {self.about}" if self.about else ""
        return f"{self.warning} at {self.at}{about}: {self.because}"
