"""Looks at a whole live table for what a load of a file would have brought to its form, or left out.

It is done inside the database, and numbers alone come out of it. What it finds is refused, not mended: whose
data they are can give a view that brings them to the form.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.engine import Connection
from sqlglot import exp

from node.core.outage import Outage, OutageError
from node.source.dialect import Dialect
from node.source.forms import forms_of
from node.source.live_table import named
from node.source.sessions import statement_of
from node.source.spec import Layout, LoadReport
from node.source.sql import ROW, raw
from node.texts.message import Message

_OWN, _OTHER, _NONE = 2, 1, 0
_NUMBER = "_number"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a table holds, in numbers.

    `respelled` identifiers are in another spelling than that of the product; `surplus` rows are those beyond
    one for each subject. `irregular`, by field: values that are not in the form of its type. `doubt` says why
    the table as a whole may be no good.
    """

    report: LoadReport
    respelled: int
    surplus: int
    irregular: Mapping[str, int]
    doubt: Message | None = None

    def problems(self) -> tuple[Message, ...]:
        """What is refused for it, for the staff who can mend it."""
        found = [] if self.doubt is None else [self.doubt]
        if self.respelled:
            found.append(Message("state.source.respelled", {"count": self.respelled}))
        if self.surplus:
            found.append(Message("state.source.surplus", {"count": self.surplus}))
        found += [
            Message("state.source.irregular", {"column": name, "count": number})
            for name, number in self.irregular.items()
        ]
        return tuple(found)

    def check(self, fields: Collection[str]) -> None:
        """Raises NodeError(SOURCE_UNAVAILABLE) for a question that reads a column that is refused."""
        refused = self.doubt is not None or self.respelled or self.surplus
        if refused or any(name in self.irregular for name in fields):
            raise OutageError(Outage.UNFIT, "error.source.values-inexact")


def look_through(connection: Connection, table: str, layout: Layout, dialect: Dialect) -> Findings:
    """Read a whole table, once for its forms and once for subjects with several rows."""
    forms = forms_of(layout, dialect)
    form = raw(f"CASE WHEN {forms.own} THEN {_OWN} WHEN {forms.other} THEN {_OTHER} ELSE {_NONE} END")
    sums = [raw(f"SUM(CASE WHEN {is_so} THEN 1 ELSE 0 END)") for is_so in forms.irregular.values()]
    by_form = exp.select(form, exp.Count(this=exp.Star()), *sums).from_(named(table)).group_by(form)
    rows = dict.fromkeys((_OWN, _OTHER, _NONE), 0)
    irregular = dict.fromkeys(forms.irregular, 0)
    for found, number, *counts in connection.execute(statement_of(by_form, dialect)).all():
        rows[int(found)] = int(number)
        if int(found) == _OWN:
            irregular = dict(zip(irregular, map(int, counts), strict=True))
    subject = dialect.exactly(exp.column(layout.subject, quoted=True))
    number = exp.Count(this=exp.Star())
    several = exp.select(subject.as_(layout.subject, quoted=True), number.as_(_NUMBER))
    several = several.from_(named(table)).group_by(subject).having(number > 1)
    beyond = exp.select(raw(f"SUM({_NUMBER} - 1)")).from_(several.subquery(ROW)).where(raw(forms.own))
    surplus = int(connection.execute(statement_of(beyond, dialect)).scalar() or 0)
    found_irregular = {name: number for name, number in irregular.items() if number}
    read = sum(rows.values())
    report = LoadReport(
        rows=rows[_OWN] - surplus,
        read=read,
        invalid_subjects=rows[_NONE] + rows[_OTHER],
        duplicates=surplus,
        empty={},
        refused=found_irregular,
        lines=read,
    )
    return Findings(report, rows[_OTHER], surplus, found_irregular)
