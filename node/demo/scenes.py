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
    with stage.scene("deferral", "税务窗口：社保延缴", "At the tax window: deferred contributions") as scene:
        stage.tell(
            "居民只报身份证号。窗口分别向人社局、医保局各问一句，对方只答“是”或“未核实到”。",
            "The resident gives an identity number, once. The window asks Human Resources and Medical "
            "Insurance one question each; they answer yes or “not verified”, nothing else.",
        )
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
    stage.tell(f"· {who(person)}，办件编号 {case}", f"· {who(person)}, case {case}")
    stage.tell(
        f"  人社局：累计缴费不足 15 年、可以延缴？{_yes_zh(eligible.answer)}　"
        f"医保局：正常参保？{_yes_zh(insured.answer)}",
        f"  Human Resources: under 15 years and may defer? {_yes(eligible.answer)}   "
        f"Medical Insurance: enrolled? {_yes(insured.answer)}",
    )
    if eligible.answer and insured.answer:
        stage.good("受理延缴，材料：零份", "accepted; papers asked for: none")
    else:
        stage.refused(
            "未核实到可以延缴：核对号码，或请其提供缴费材料；不能仅凭此不予受理",
            "not verified: check the number, or ask for papers; this alone is no ground to refuse",
        )
    stage.tell(
        f"  留痕：人社局日志第 {eligible.proof.provider_index} 条，医保局日志第 "
        f"{insured.proof.provider_index} 条，本局日志第 {eligible.proof.own_index}、"
        f"{insured.proof.own_index} 条",
        f"  on record: no. {eligible.proof.provider_index} at Human Resources, no. "
        f"{insured.proof.provider_index} at Medical Insurance, no. {eligible.proof.own_index} and "
        f"{insured.proof.own_index} in the own log",
        "dim",
    )
    stage.expect(
        (eligible.answer, insured.answer) == (expected, True),
        "两项核验的答案与登记数据不符",
        "the two answers are not what the registers say",
    )
    return eligible.answer


def denied_purpose(play: Play) -> None:
    """The same question for other purposes: the own node stops one, the provider the other."""
    stage = play.stage
    with stage.scene("denied-purpose", "用途不符：拒绝，且留痕", "The wrong purpose: refused") as scene:
        stage.tell(
            "同一个人、同一个问题，换了用途：先是税务稽查，再是养老关系转移。",
            "The same person and question for other purposes: a tax inspection, then a pension transfer.",
        )
        inspection = _asked_for(play, "tax/inspection")
        stage.refused(
            f"税务稽查：本局节点当场拦下，没有发出（{inspection.reason}）",
            f"tax inspection: the own node stops it, nothing is sent ({inspection.reason})",
        )
        transfer = _asked_for(play, "social-insurance/pension/transfer")
        stage.refused(
            f"养老关系转移：人社局节点拒绝（{transfer.reason}）",
            f"pension transfer: Human Resources refuses it ({transfer.reason})",
        )
        stage.tell(
            "人社局的拒绝写在双方日志里：谁、何时、为何而问，事后都查得到。",
            "The refusal of Human Resources stands in both logs: who asked, when, and for what.",
        )
        for asked in (inspection, transfer):
            stage.expect(
                asked.reason == Reason.PURPOSE_NOT_ALLOWED.name,
                "理由应当是用途不符",
                "the purpose should be the reason",
            )
        stage.expect(
            (inspection.recorded, transfer.recorded) == (0, 1),
            "人社局应当恰好为第二问留下一条记录",
            "Human Resources should have one record, of the second question",
        )
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
    facts = (
        ("company-name", "企业名称", "name"),
        ("registration-year", "成立年份", "registered in"),
        ("capital-band", "注册资本（万元）", "capital, 10,000 yuan"),
        ("legal-representative-masked", "法定代表人证件号码", "legal representative"),
    )
    with (
        stage.scene("company-opening", "企业开办：只取加工值", "Opening a company: derived fields") as scene,
        play.city.node("tax").clerk() as desk,
    ):
        stage.tell(
            f"统一社会信用代码 {mask(company.credit_code)}。税务局只向市场监管局要四个加工值：",
            f"Credit code {mask(company.credit_code)}. Tax asks Market Regulation for four derived values:",
        )
        for name, zh, en in facts:
            answer = desk.field(
                question("market-regulation", "business-licence", name),
                company.credit_code,
                purpose=OPENING,
                case=play.case(4),
            )
            value = answer.value or ""
            stage.tell(f"· {zh}：{value}", f"· {en}: {value}")
            stage.expect(bool(value), "没有得到答案", "there is no answer")
            if name == "company-name":
                stage.expect(value == company.name, "企业名称不符", "the name is another company's")
            if name == "legal-representative-masked":
                hidden = company.owner.resident_id[3:-2]
                stage.expect(hidden not in value, "证件号码没有掩码", "the identity number is not masked")
            scene.facts[name] = value
        matches = desk.verify(
            question("market-regulation", "business-licence", "legal-representative-matches"),
            company.credit_code,
            claims={"legal_representative": company.owner.resident_id},
            purpose=OPENING,
            case=play.case(4),
        )
        scene.facts["legal-representative-matches"] = matches.answer
        stage.expect(matches.answer, "法定代表人应当一致", "the legal representative should match")
        if matches.answer:
            stage.good("来人所持证件与登记的法定代表人一致", "the founder's own number matches the licence")


def recruitment(play: Play) -> None:
    """A diploma is checked without sending it: the applicant's claim is true, a forged number is not."""
    stage, cast = play.stage, play.registers.cast
    forged = cast.certificate_number[:-1] + ("1" if cast.certificate_number[-1] == "0" else "0")
    with (
        stage.scene("recruitment", "公开招聘：学历核验", "Recruitment: is the diploma genuine?") as scene,
        play.city.node("human-resources").clerk() as desk,
    ):
        for number, zh, en, expected in (
            (cast.certificate_number, "报名者填写的证书编号", "the number on the form", True),
            (forged, "改动一位后的编号", "the same with one digit changed", False),
        ):
            said = desk.verify(
                question("education", "diploma", "diploma-matches"),
                cast.graduate.resident_id,
                claims={"certificate_number": number, "name": cast.graduate.name},
                purpose=RECRUITMENT,
                case=f"ZP-{play.day.year}-0817",
            )
            stage.tell(f"· {zh}：{_yes_zh(said.answer)}", f"· {en}: {_yes(said.answer)}")
            stage.expect(
                said.answer is expected, "答案与登记不符", "the answer is not what the register says"
            )
            scene.facts["genuine" if expected else "forged"] = said.answer
        stage.tell(
            "对同一人最多错三次，证书编号试不出来。",
            "Three wrong tries per person and no more: a number cannot be guessed.",
        )


def private_count(play: Play) -> None:
    """The authority counts insured residents by town; noise hides each one, and asking again is free."""
    stage = play.stage
    ask = question("human-resources", "pension-insurance", "enrolled-by-region")
    with (
        stage.scene(
            "private-count", "城市运行数字体征：各镇街参保人数", "City vitals: enrolled by town"
        ) as scene,
        play.city.node("authority").operator() as desk,
    ):
        released = desk.statistic(ask, purpose=PLANNING, case=f"TZ-{play.day:%Y-%m}")
        again = desk.statistic(ask, purpose=PLANNING, case=f"TZ-{play.day:%Y-%m}")
        counts = {cell.key[0]: cell.count for cell in released.cells}
        chart = [(TOWNS[region], count) for region, count in counts.items()]
        stage.show(bar_chart(chart, released.accuracy_95, stage.width - 3))
        stage.tell(
            "测算参考，非政府统计数据：每个数字都加入随机误差，"
            f"与真值相差不超过 ±{released.accuracy_95} 的把握为 95%。任何一个人在不在册，都看不出来。",
            "An estimate, no official statistic. Every number carries noise: within "
            f"±{released.accuracy_95} of the truth with 95 % certainty. "
            "Nobody can tell whether any one person is among them.",
        )
        stage.tell(
            f"统计发布额度：本次扣减 {released.epsilon_micros / 1e6:g}；"
            "同样的问题再问一次，得到同样的答案，不再扣减。",
            f"It cost epsilon = {released.epsilon_micros / 1e6:g} of the privacy budget; the same question "
            "again gives the same answer and costs nothing.",
        )
        pension = play.registers.datasets["pension-insurance"].readable("resident_id")
        truth = Counter(row["region"] for row in pension.values() if row["status"] == "active")
        far = [town for town in TOWNS if abs(counts[town] - truth[town]) > _FAR * released.accuracy_95]
        stage.expect(not far, "计数偏离真值太远", "a count is too far from the truth")
        stage.expect(
            again.reused and again.cells == released.cells and not released.reused,
            "再问一次应得到同一次发布的结果",
            "asking again should give the same release",
        )
        scene.facts |= {
            "counts": {TOWNS[region]: count for region, count in counts.items()},
            "plus_minus": released.accuracy_95,
            "epsilon": released.epsilon_micros / 1e6,
        }


def _yes(answer: bool) -> str:
    return "yes" if answer else "not verified"


def _yes_zh(answer: bool) -> str:
    return "是" if answer else "未核实到"
