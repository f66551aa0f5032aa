"""What the clauses of a decision are called, and what to do when one does not hold, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from node.core.deciding.clauses import PROVISIONAL
from node.core.text.problem_messages import Lang

# Clause to (what it is called, what is wrong and what to do next); a rule's clauses name their rule.
_EN: Mapping[str, tuple[str, str]] = {
    "requester.suspended": ("department", "the department is suspended: ask the authority"),
    "dataset.sharing": ("dataset", "the dataset is not shared or does not exist: look at the catalogue"),
    "grant.exists": ("grant", "no grant of this id covers this requester and dataset: apply for one"),
    "grant.revoked": ("grant not revoked", "the grant was revoked: apply for a new one"),
    "grant.suspended": ("grant not suspended", "the grant is suspended: ask the provider why"),
    "grant.validity": ("validity of the grant", "the grant is valid {needed} only: apply for a new one"),
    "question.exists": ("question", "the dataset has no such question: choose one of {needed}"),
    "grant.questions": ("questions of the grant", "the grant covers other questions only: {needed}"),
    "purpose.known": ("purpose", "the purpose is not in the provider's purpose tree: choose one that is"),
    "grant.purposes": ("purposes of the grant", "the grant covers other purposes only: {needed}"),
    "grant.roles": ("roles of the grant", "the grant is for other roles only: {needed}"),
    "grant.region": (
        "region of the grant",
        "the grant is for region {value} and the dataset does not say where a subject belongs: "
        "ask the provider for a grant without region",
    ),
    "question.kind": ("kind of the question", "the question is of kind {needed}: ask it as one of that kind"),
    "question.subjects": ("number of subjects", "the number of subjects is wrong: give {needed}"),
    "mode": (
        "subjects at once, by sharing mode",
        "an exchange about {value} subjects is not among the sharing modes of the dataset, {needed}: "
        "ask about one subject at a time where it has 'interface', otherwise ask the provider",
    ),
    "question.parameters": ("parameters", "the parameters do not fit: give exactly {needed}"),
    "question.claims": ("claims", "the claims do not fit: give exactly {needed}"),
    "rules": ("rules", "no rule allows this question: ask the provider"),
    "to.departments": ("rule's departments", "the rule '{rule}' is for other departments: {needed}"),
    "to.levels": ("rule's levels", "the rule '{rule}' is for departments of other levels: {needed}"),
    "to.regions": ("rule's regions", "the rule '{rule}' is for departments of other regions: {needed}"),
    "for": ("rule's purposes", "the rule '{rule}' is for other purposes: {needed}"),
    "scope": (
        "own area",
        "the rule '{rule}' is for the requester's own area only, which this is not: "
        "ask for subjects of the own area, under a grant that covers it",
    ),
    "effective": ("effective dates", "the rule '{rule}' holds {needed} only: ask within these dates"),
    "when.case_number": (
        "case number",
        "the rule '{rule}' needs a case number of the form {needed}",
    ),
    "when.workdays": (
        "working day",
        "the rule '{rule}' holds on working days only{provisional}: ask on the next one",
    ),
    "failed": ("decision", "deciding failed ({value}): report this to the provider's operator"),
    "when.hours": ("hours", "the rule '{rule}' holds from {needed} only: ask within these hours"),
}
_ZH: Mapping[str, tuple[str, str]] = {
    "requester.suspended": ("部门状态", "该部门已被暂停：请联系主管部门"),
    "dataset.sharing": ("数据集", "该数据集不予共享或不存在：请查看目录"),
    "grant.exists": ("授权", "没有适用于该部门和数据集的这一授权：请提出申请"),
    "grant.revoked": ("授权未被终止", "授权已被终止：请重新申请"),
    "grant.suspended": ("授权未被暂停", "授权已被暂停：请向提供部门了解原因"),
    "grant.validity": ("授权有效期", "授权仅在 {needed} 有效：请重新申请"),
    "question.exists": ("问题", "该数据集没有这个问题：请从 {needed} 中选择"),
    "grant.questions": ("授权的问题", "授权只包含其他问题：{needed}"),
    "purpose.known": ("用途", "用途不在提供部门的用途树中：请选择已有的用途"),
    "grant.purposes": ("授权的用途", "授权只包含其他用途：{needed}"),
    "grant.roles": ("授权的角色", "授权只供其他角色使用：{needed}"),
    "grant.region": (
        "授权的区域",
        "授权限于区划 {value}，而该数据集没有当事人所属区划：请向提供部门申请不限区域的授权",
    ),
    "question.kind": ("问题的类型", "该问题的类型是 {needed}：请按该类型查询"),
    "question.subjects": ("当事人数量", "当事人数量不符：须给出 {needed}"),
    "mode": (
        "一次查询的当事人数量（共享方式）",
        "一次交换涉及 {value} 个当事人，不在该数据集的共享方式（{needed}）之内："
        "有 interface 时请逐个查询，否则请联系提供部门",
    ),
    "question.parameters": ("参数", "参数不符：须恰好给出 {needed}"),
    "question.claims": ("申报项", "申报项不符：须恰好给出 {needed}"),
    "rules": ("规则", "没有规则允许这个问题：请联系提供部门"),
    "to.departments": ("规则的部门", "规则“{rule}”只适用于其他部门：{needed}"),
    "to.levels": ("规则的层级", "规则“{rule}”只适用于其他层级的部门：{needed}"),
    "to.regions": ("规则的区域", "规则“{rule}”只适用于其他区域的部门：{needed}"),
    "for": ("规则的用途", "规则“{rule}”只适用于其他用途：{needed}"),
    "scope": (
        "本区域",
        "规则“{rule}”只适用于本部门所辖区域，而此处不在其内：请在适用于本区域的授权下查询本区域的当事人",
    ),
    "effective": ("生效日期", "规则“{rule}”仅在 {needed} 有效：请在此日期内再问"),
    "when.case_number": ("办件号", "规则“{rule}”要求办件号格式为 {needed}：请提供"),
    "when.workdays": ("工作日", "规则“{rule}”仅在工作日适用{provisional}：请在下一个工作日再问"),
    "failed": ("判定", "判定出错（{value}）：请告知提供部门的运维人员"),
    "when.hours": ("时段", "规则“{rule}”仅在 {needed} 适用：请在此时段内再问"),
}
CLAUSE_MESSAGES: Mapping[Lang, Mapping[str, tuple[str, str]]] = {"en": _EN, "zh": _ZH}

_PROVISIONAL: Mapping[Lang, str] = {
    "en": ", and the holidays of this year are not published yet, so that this is provisional",
    "zh": "，而该年节假日安排尚未公布，是否工作日为暂定",
}


def clause_label(clause: str, lang: Lang) -> str:
    """What a clause is called."""
    return CLAUSE_MESSAGES[lang][clause][0]


def clause_advice(clause: str, lang: Lang, *, value: str = "", needed: str = "", rule: str = "") -> str:
    """What is wrong when the clause does not hold, and what to do next: lower case, no full stop."""
    provisional = _PROVISIONAL[lang] if value.endswith(PROVISIONAL) else ""
    template = CLAUSE_MESSAGES[lang][clause][1]
    return template.format(value=value, needed=needed, rule=rule, provisional=provisional)
