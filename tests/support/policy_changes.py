"""A policy that uses every part of the format, and one change to each part: nothing may change unseen."""

from __future__ import annotations

import copy
import json
from typing import Any

from support.policy_samples import HUMAN_RESOURCES, MEDICAL, TAX

from node.core.policy.policy import PolicyFile

REGIONS = ["441900003", "441900004"]
POLICY: dict[str, Any] = {
    "dataset": "pension-insurance",
    "title": "基本养老保险参保信息",
    "title_en": "Enrolment in pension insurance",
    "provider": HUMAN_RESOURCES,
    "sharing": {
        "attribute": "conditional",
        "modes": ["interface", "batch"],
        "scope": "各部门",
        "use": "社保",
    },
    "classification": {"level": 3, "personal": True},
    "update": "daily",
    "format": "database",
    "subject": {"field": "resident_id", "type": "resident_id", "region": "region"},
    "fields": {
        "status": {
            "title": "参保状态",
            "title_en": "Status",
            "type": "enum",
            "sensitivity": "normal",
            "level": 2,
            "values": ["active", "paused"],
        },
        "months": {
            "title": "缴费月数",
            "title_en": "Months paid",
            "type": "integer",
            "range": [0, 720],
            "level": 2,
        },
        "name": {
            "title": "姓名",
            "title_en": "Name",
            "type": "text",
            "sensitivity": "identifier",
            "level": 2,
        },
        "school": {"title": "学校", "title_en": "School", "type": "text", "level": 2},
        "on": {"title": "参保日期", "title_en": "Enrolled on", "type": "date", "level": 2},
        "note": {"title": "备注", "title_en": "Note", "type": "text", "level": 2},
        "region": {
            "title": "参保地",
            "title_en": "Enrolled in",
            "type": "region",
            "values": REGIONS,
            "level": 2,
        },
        "birthplace": {
            "title": "出生地",
            "title_en": "Born in",
            "type": "region",
            "values": REGIONS,
            "level": 2,
        },
    },
    "questions": {
        "is-enrolled": {
            "title": "是否参保",
            "title_en": "Enrolled?",
            "verify": "status = 'active'",
            "ceiling": {"level": 2, "sensitivity": "normal"},
        },
        "months-at-least": {
            "title": "缴费是否满",
            "title_en": "Paid for so long?",
            "verify": "months >= :n",
            "parameters": {"n": {"choices": ["60", "120"]}},
        },
        "name-matches": {
            "title": "姓名是否一致",
            "title_en": "Does the name match?",
            "verify": "name = :name",
            "claims": {"name": {"wrong_tries_per_subject": 3}},
        },
        "month-band": {
            "title": "缴费月数区间",
            "title_en": "Band of months",
            "field": "months",
            "as": {"band": [0, 60, 120]},
        },
        "month-step": {
            "title": "缴费年数",
            "title_en": "Months, rounded",
            "field": "months",
            "as": {"generalise": {"step": 12}},
        },
        "masked": {
            "title": "隐去的姓名",
            "title_en": "Masked name",
            "field": "name",
            "as": {"mask": {"first": 1, "last": 1}},
        },
        "town": {
            "title": "参保镇街",
            "title_en": "Town",
            "field": "region",
            "as": {"generalise": {"level": "town"}},
        },
        "year": {
            "title": "参保年份",
            "title_en": "Year of enrolment",
            "field": "on",
            "as": {"year_of": True},
        },
        "has-name": {
            "title": "有无姓名",
            "title_en": "Is there a name?",
            "field": "name",
            "as": {"exists": True},
        },
        "same-name": {
            "title": "姓名是否相同",
            "title_en": "Is it the name?",
            "field": "name",
            "as": {"equals": "name"},
            "claims": {"name": {"wrong_tries_per_subject": 3}},
        },
        "school": {
            "title": "毕业学校",
            "title_en": "School attended",
            "field": "school",
            "as": {"plain": True},
        },
        "by-region": {
            "title": "各地人数",
            "title_en": "Persons by region",
            "statistic": "count",
            "group_by": ["region"],
            "where": "status = 'active'",
            "unit_contributes": 1,
            "epsilon": 0.5,
        },
    },
    "rules": [
        {
            "id": "tax",
            "allow": ["is-enrolled", "town"],
            "to": {"departments": [TAX], "levels": ["city"], "regions": ["441900"]},
            "for": ["social-insurance/pension"],
            "scope": "own-region",
            "effective": {"from": "2026-01-01", "until": "2026-12-31"},
            "when": {"workdays": True, "hours": "08:30-17:30", "case_number": "DG-####"},
            "limits": {"per_day": 5000, "per_subject_per_day": 3},
        },
        {"id": "all", "allow": ["is-enrolled"], "to": {"any": True}, "for": ["social-insurance"]},
    ],
    "forbidden_together": [{"id": "profile", "questions": ["is-enrolled", "town"], "within_days": 30}],
    "privacy": {"budget": {"dataset": 10, "organisation": 5, "requester": 2}, "period": "year"},
}
DEFINITIONS = f"""\
departments:
  health: {{title: 医保, title_en: Medical insurance, departments: [{MEDICAL}]}}
"""
GONE = ...
# Every part of the format once: where it stands here, and what it is changed to.
CHANGES: dict[str, object] = {
    "dataset": "pension",
    "title": "基本养老保险",
    "title_en": "Pension insurance",
    "provider": MEDICAL,
    "sharing.attribute": "unconditional",
    "sharing.modes": ["interface"],
    "sharing.scope": "税务部门",
    "sharing.use": "办理延缴",
    "sharing.reason": "涉及国家安全",
    "sharing.legal_basis": "某法第一条",
    "classification.level": 4,
    "classification.personal": False,
    "update": "weekly",
    "format": "spreadsheet",
    "subject.field": "person",
    "subject.type": "credit_code",
    "subject.region": "birthplace",
    "fields.status.title": "状态",
    "fields.status.title_en": "State",
    "fields.note.type": "date",
    "fields.months.sensitivity": "sensitive",
    "fields.school.level": 1,
    "fields.status.values": ["active", "paused", "ended"],
    "fields.months.range": [0, 719],
    "questions.is-enrolled.title": "正常参保",
    "questions.is-enrolled.title_en": "Is enrolled?",
    "questions.is-enrolled.ceiling.level": 3,
    "questions.is-enrolled.ceiling.sensitivity": "sensitive",
    "questions.is-enrolled.verify": "status = 'paused'",
    "questions.school.field": "status",
    "questions.has-name.statistic": "count",
    "questions.by-region.group_by": ["birthplace"],
    "questions.by-region.where": "status = 'paused'",
    "questions.by-region.unit_contributes": 2,
    "questions.by-region.epsilon": 0.6,
    "questions.months-at-least.parameters.n.choices": ["60"],
    "questions.name-matches.claims.name.wrong_tries_per_subject": 2,
    "questions.masked.as.mask.first": 2,
    "questions.masked.as.mask.last": 2,
    "questions.month-band.as.band": [0, 60, 130],
    "questions.town.as.generalise.level": "county",
    "questions.month-step.as.generalise.step": 6,
    "questions.year.as.year_of": GONE,
    "questions.has-name.as.exists": GONE,
    "questions.same-name.as.equals": "claimed",
    "questions.school.as.plain": GONE,
    "rules.0.id": "tax-2",
    "rules.0.allow": ["is-enrolled"],
    "rules.1.to.any": GONE,
    "rules.0.to.departments": [MEDICAL],
    "rules.0.to.groups": ["health"],
    "rules.0.to.levels": ["county"],
    "rules.0.to.regions": ["441901"],
    "rules.0.for": ["social-insurance/medical"],
    "rules.0.scope": GONE,
    "rules.0.effective.from": "2026-01-02",
    "rules.0.effective.until": "2026-12-30",
    "rules.0.when.workdays": GONE,
    "rules.0.when.hours": "08:30-17:00",
    "rules.0.when.case_number": "DG-###",
    "rules.0.limits.per_day": 5001,
    "rules.0.limits.per_subject_per_day": 4,
    "forbidden_together.0.id": "profile-2",
    "forbidden_together.0.questions": ["is-enrolled", "year"],
    "forbidden_together.0.within_days": 31,
    "privacy.budget.dataset": 11,
    "privacy.budget.organisation": 6,
    "privacy.budget.requester": 3,
    "privacy.period": "month",
    "privacy.account": "register",
}
NOT_SHARED: dict[str, object] = {
    "sharing": {"attribute": "not_shared", "reason": "商业秘密", "legal_basis": "某法第二条"},
    **dict.fromkeys(("questions", "rules", "forbidden_together", "privacy"), GONE),
}
# Where a part is not in the policy above: what is changed before and after alike.
FIRST: dict[str, dict[str, object]] = {
    "classification.personal": {"subject.type": "credit_code"},
    "sharing.reason": NOT_SHARED,
    "sharing.legal_basis": NOT_SHARED,
}
# Where a part cannot change alone: what comes with it.
AS_WELL: dict[str, dict[str, object]] = {
    "sharing.attribute": {"sharing.scope": GONE, "sharing.use": GONE},
    "questions.has-name.statistic": {
        "questions.has-name": {
            "title": "有无姓名",
            "title_en": "Is there a name?",
            "unit_contributes": 1,
            "epsilon": 0.1,
        }
    },
    "questions.year.as.year_of": {"questions.year.as.exists": True},
    "questions.has-name.as.exists": {"questions.has-name.as.mask": {"first": 1}},
    "questions.same-name.as.equals": {
        "questions.same-name.claims": {"claimed": {"wrong_tries_per_subject": 3}}
    },
    "questions.school.as.plain": {"questions.school.as.exists": True},
    "rules.1.to.any": {"rules.1.to.levels": ["city"]},
}


def files(policy: dict[str, Any]) -> list[PolicyFile]:
    """The files of a policy: itself, and the definitions that it uses."""
    content = json.dumps(policy, ensure_ascii=False).encode()
    return [PolicyFile("p.yaml", content), PolicyFile("definitions.yaml", DEFINITIONS.encode())]


def change(policy: dict[str, Any], path: str, value: object) -> None:
    """Put a value in place of a part, or take the part out."""
    *above, last = path.split(".")
    part: Any = policy
    for key in above:
        part = part[int(key)] if isinstance(part, list) else part[key]
    if value is GONE:
        del part[last]
    else:
        part[last] = value


def changed(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The policy before and after the change of one part."""
    before = copy.deepcopy(POLICY)
    for other, value in FIRST.get(path, {}).items():
        change(before, other, copy.deepcopy(value))
    after = copy.deepcopy(before)
    for other, value in AS_WELL.get(path, {}).items():
        change(after, other, copy.deepcopy(value))
    change(after, path, CHANGES[path])
    return before, after
