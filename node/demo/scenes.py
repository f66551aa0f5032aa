"""The scenes of the demo that ask something; each uses the desk of a node as its staff would."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from node.demo.chart import bar_chart
from node.demo.city import City
from node.demo.departments import department
from node.demo.registers import Registers
from node.demo.residents import TOWNS, Resident
from node.demo.stage import Stage, mask
from node.errors import NodeError, Reason
from node.texts.message import Message

DEFERRAL = "social-insurance/pension/deferral"
OPENING = "business/company-opening"
RECRUITMENT = "employment/recruitment"
PLANNING = "city-planning/population"

# Noise goes beyond this many times the 95 % bound about once in a hundred million draws.
_FAR = 6


@dataclass(frozen=True, slots=True)
class Play:
    """What a scene has to play with."""

    stage: Stage
    city: City
    registers: Registers
    day: date

    def case(self, number: int) -> str:
        """A case number of the tax window."""
        return f"DG-{self.day:%Y%m%d}-{number:04}"


def question(provider: str, dataset: str, name: str) -> str:
    """A question's full name, its provider given by folder name."""
    return f"{department(provider).code}/{dataset}/{name}"


ELIGIBLE = question("human-resources", "pension-insurance", "deferral-eligible")


def who(person: Resident) -> str:
    """A resident as the demo shows one: family name and masked number."""
    return f"{person.name[0]}*  {mask(person.resident_id)}"


def deferral(play: Play) -> None:
    """Two residents want to defer; the window asks two departments, and nobody brings papers."""
    stage, cast = play.stage, play.registers.cast
    with stage.scene("deferral") as scene:
        stage.tell("demo.deferral.asked")
        scene.facts["deferrable"] = _one_deferral(play, cast.deferrable, play.case(1), expected=True)
        scene.facts["settled"] = _one_deferral(play, cast.settled, play.case(2), expected=False)


def _one_deferral(play: Play, person: Resident, case: str, *, expected: bool) -> bool:
    stage = play.stage
    with play.city.node("tax").clerk() as desk:
        eligible = desk.verify(
            ELIGIBLE,
            person.resident_id,
            purpose=DEFERRAL,
            case=case,
        )
        insured = desk.verify(
            question("medical-insurance", "medical-insurance", "is-enrolled"),
            person.resident_id,
            purpose=DEFERRAL,
            case=case,
        )
    stage.tell("demo.deferral.person", person=who(person), case=case)
    stage.tell("demo.deferral.answers", eligible=_verdict(eligible.answer), insured=_verdict(insured.answer))
    if eligible.answer and insured.answer:
        stage.good("demo.deferral.accepted")
    else:
        stage.refused("demo.deferral.not-verified")
    stage.tell(
        "demo.deferral.on-record",
        eligible=eligible.proof.provider_index,
        insured=insured.proof.provider_index,
        first=eligible.proof.own_index,
        second=insured.proof.own_index,
        style="dim",
    )
    stage.expect((eligible.answer, insured.answer) == (expected, True), "demo.deferral.wrong")
    return eligible.answer


def denied_purpose(play: Play) -> None:
    """The same question for other purposes: the own node stops one, the provider the other."""
    stage = play.stage
    with stage.scene("denied-purpose") as scene:
        stage.tell("demo.denied-purpose.asked")
        inspection = _asked_for(play, "tax/inspection")
        stage.refused("demo.denied-purpose.own", reason=inspection.reason)
        transfer = _asked_for(play, "social-insurance/pension/transfer")
        stage.refused("demo.denied-purpose.provider", reason=transfer.reason)
        stage.tell("demo.denied-purpose.on-record")
        for asked in (inspection, transfer):
            stage.expect(asked.reason == Reason.PURPOSE_NOT_ALLOWED.name, "demo.denied-purpose.other-reason")
        stage.expect((inspection.recorded, transfer.recorded) == (0, 1), "demo.denied-purpose.other-records")
        scene.facts["tax/inspection"] = inspection.reason
        scene.facts["social-insurance/pension/transfer"] = transfer.reason


@dataclass(frozen=True, slots=True)
class _Asked:
    """Why a question was refused ("" if it was not), and how many records the provider made of it."""

    reason: str
    recorded: int


def _asked_for(play: Play, purpose: str) -> _Asked:
    with play.city.node("tax").operator() as own, play.city.node("human-resources").operator() as other:
        before = other.log.size()
        try:
            own.verify(
                ELIGIBLE,
                play.registers.cast.deferrable.resident_id,
                purpose=purpose,
                case=play.case(3),
            )
        except NodeError as error:
            return _Asked(error.reason.name, other.log.size() - before)
        return _Asked("", other.log.size() - before)


def company_opening(play: Play) -> None:
    """The tax office takes derived fields from the licence instead of asking the founder for copies."""
    stage, company = play.stage, play.registers.cast.company
    facts = ("company-name", "registration-year", "capital-band", "legal-representative-masked")
    with (
        stage.scene("company-opening") as scene,
        play.city.node("tax").clerk() as desk,
    ):
        stage.tell("demo.company-opening.asked", company=mask(company.credit_code))
        for name in facts:
            answer = desk.field(
                question("market-regulation", "business-licence", name),
                company.credit_code,
                purpose=OPENING,
                case=play.case(4),
            )
            value = answer.value or ""
            label = Message(f"demo.company-opening.label.{name}")
            stage.tell("demo.company-opening.value", label=label, value=value)
            stage.expect(bool(value), "demo.company-opening.empty")
            if name == "company-name":
                stage.expect(value == company.name, "demo.company-opening.other-name")
            if name == "legal-representative-masked":
                hidden = company.owner.resident_id[3:-2]
                stage.expect(hidden not in value, "demo.company-opening.unmasked")
            scene.facts[name] = value
        matches = desk.verify(
            question("market-regulation", "business-licence", "legal-representative-matches"),
            company.credit_code,
            claims={"legal_representative": company.owner.resident_id},
            purpose=OPENING,
            case=play.case(4),
        )
        scene.facts["legal-representative-matches"] = matches.answer
        stage.expect(matches.answer, "demo.company-opening.mismatch")
        if matches.answer:
            stage.good("demo.company-opening.matches")


def recruitment(play: Play) -> None:
    """A diploma is checked without sending it: the applicant's claim is true, a forged number is not."""
    stage, cast = play.stage, play.registers.cast
    forged = cast.certificate_number[:-1] + ("1" if cast.certificate_number[-1] == "0" else "0")
    with (
        stage.scene("recruitment") as scene,
        play.city.node("human-resources").clerk() as desk,
    ):
        for number, fact, expected in (
            (cast.certificate_number, "genuine", True),
            (forged, "forged", False),
        ):
            found = desk.verify(
                question("education", "diploma", "diploma-matches"),
                cast.graduate.resident_id,
                claims={"certificate_number": number, "name": cast.graduate.name},
                purpose=RECRUITMENT,
                case=f"ZP-{play.day.year}-0817",
            )
            stage.tell(f"demo.recruitment.{fact}", answer=_verdict(found.answer))
            stage.expect(found.answer is expected, "demo.recruitment.wrong")
            scene.facts[fact] = found.answer
        stage.tell("demo.recruitment.tries")


def private_count(play: Play) -> None:
    """The authority counts insured residents by town; noise hides each one, and asking again is free."""
    stage = play.stage
    ask = question("human-resources", "pension-insurance", "enrolled-by-region")
    with (
        stage.scene("private-count") as scene,
        play.city.node("authority").operator() as desk,
    ):
        released = desk.statistic(ask, purpose=PLANNING, case=f"TZ-{play.day:%Y-%m}")
        again = desk.statistic(ask, purpose=PLANNING, case=f"TZ-{play.day:%Y-%m}")
        counts = {cell.key[0]: cell.count for cell in released.cells}
        chart = [(TOWNS[region], count) for region, count in counts.items()]
        stage.show(bar_chart(chart, released.accuracy_95, stage.width - 3))
        stage.tell("demo.private-count.noise", accuracy=released.accuracy_95)
        stage.tell("demo.private-count.cost", price=released.epsilon_micros / 1e6)
        pension = play.registers.datasets["pension-insurance"].readable("resident_id")
        truth = Counter(row["region"] for row in pension.values() if row["status"] == "active")
        far = [town for town in TOWNS if abs(counts[town] - truth[town]) > _FAR * released.accuracy_95]
        stage.expect(not far, "demo.private-count.far")
        stage.expect(
            again.reused and again.cells == released.cells and not released.reused,
            "demo.private-count.other-release",
        )
        scene.facts |= {
            "counts": {TOWNS[region]: count for region, count in counts.items()},
            "plus_minus": released.accuracy_95,
            "epsilon": released.epsilon_micros / 1e6,
        }


def _verdict(answer: bool) -> Message:
    return Message("ask.verified" if answer else "ask.not_verified")
