"""What a requester is told about the clause that denied it, in both languages.

A verdict names the clause, not the values that it compared: they are the provider's. `clause_messages` words
the same for who has the policy at hand.
"""

from __future__ import annotations

from collections.abc import Mapping

from node.core.text.problem_messages import Lang
from node.errors import Reason

# Clause to (the reason it denies for, what is wrong and what to do next in English, in Chinese).
_TOLD: Mapping[str, tuple[Reason, str, str]] = {
    "requester.suspended": (
        Reason.SUSPENDED,
        "the authority has suspended this department: ask it why",
        "主管部门已暂停本部门：请向主管部门了解原因",
    ),
    "dataset.sharing": (
        Reason.NOT_SHARED,
        "the dataset is not shared or does not exist: see `dxnode catalogue list`",
        "该数据集不予共享或不存在：请用 `dxnode catalogue list` 查看",
    ),
    "grant.exists": (
        Reason.NO_GRANT,
        "the provider has no such grant: see `dxnode grant received --refresh`, or apply for one",
        "提供部门没有这一授权：请用 `dxnode grant received --refresh` 查看，或提出申请",
    ),
    "grant.revoked": (
        Reason.GRANT_EXPIRED,
        "the provider has ended the grant: apply for a new one",
        "提供部门已终止授权：请重新申请",
    ),
    "grant.suspended": (
        Reason.SUSPENDED,
        "the provider has suspended the grant: ask its officer why",
        "提供部门已暂停授权：请向提供部门的安全管理员了解原因",
    ),
    "grant.validity": (
        Reason.GRANT_EXPIRED,
        "the grant is not valid yet, or not any more: see `dxnode grant received`, and apply for a new one",
        "授权尚未生效或已过期：请用 `dxnode grant received` 查看有效期，或重新申请",
    ),
    "question.exists": (
        Reason.QUESTION_NOT_ALLOWED,
        "the dataset has no such question: see `dxnode catalogue show PROVIDER/DATASET`",
        "该数据集没有这个问题：请用 `dxnode catalogue show 提供部门/数据集` 查看",
    ),
    "grant.questions": (
        Reason.QUESTION_NOT_ALLOWED,
        "the grant does not cover this question: choose one that it covers, or apply for it",
        "授权不包含该问题：请选择授权中的问题，或另行申请",
    ),
    "purpose.known": (
        Reason.PURPOSE_NOT_ALLOWED,
        "the provider knows no such purpose: choose one of the grant",
        "提供部门没有这一用途：请选择授权中的用途",
    ),
    "grant.purposes": (
        Reason.PURPOSE_NOT_ALLOWED,
        "the grant does not cover this purpose: choose one that it covers, or apply for it",
        "授权不包含该用途：请选择授权中的用途，或另行申请",
    ),
    "grant.roles": (
        Reason.QUESTION_NOT_ALLOWED,
        "the grant is not for the caller's role: see `dxnode grant received`, or apply for it",
        "授权不供该角色使用：请用 `dxnode grant received` 查看，或另行申请",
    ),
    "grant.region": (
        Reason.CONDITION_NOT_MET,
        "the grant is for one region, but the dataset has none: apply for a grant without region",
        "授权限于某一区划，而该数据集没有区划：请申请不限区域的授权",
    ),
    "question.kind": (
        Reason.QUERY_INVALID,
        "the question is of another kind: ask one with `dxnode verify` that is answered by yes or no, with "
        "`dxnode ask` one for a value, with `dxnode stats` a statistic",
        "该问题属于另一类型：是非问题请用 `dxnode verify`，取值问题请用 `dxnode ask`，"
        "统计问题请用 `dxnode stats`",
    ),
    "question.subjects": (
        Reason.QUERY_INVALID,
        "the number of subjects is wrong: ask a statistic with `dxnode stats`, any other question with "
        "`dxnode verify` or `dxnode ask`",
        "当事人数量不符：统计问题请用 `dxnode stats`，其他问题请用 `dxnode verify` 或 `dxnode ask`",
    ),
    "mode": (
        Reason.CONDITION_NOT_MET,
        "the dataset is not shared in this mode: ask about one subject at a time, or ask the provider",
        "该数据集不以这种方式共享：请逐个查询，或联系提供部门的安全管理员",
    ),
    "question.parameters": (
        Reason.QUERY_INVALID,
        "the parameters do not fit: `dxnode catalogue show PROVIDER/DATASET` has their names and choices",
        "参数与问题不符：请用 `dxnode catalogue show 提供部门/数据集` 查看参数名称和可选值",
    ),
    "question.claims": (
        Reason.QUERY_INVALID,
        "the claims do not fit: `dxnode catalogue show PROVIDER/DATASET` has those that are needed",
        "申报项与问题不符：请用 `dxnode catalogue show 提供部门/数据集` 查看所需申报项",
    ),
    "request": (
        Reason.QUERY_INVALID,
        "the request is malformed: check the form of identifier, claims, case number, purpose and parameters",
        "请求的格式不正确：请核对证件号码、申报项、办件号、用途和参数的格式",
    ),
    "rules": (
        Reason.QUESTION_NOT_ALLOWED,
        "no rule of the provider allows this question: ask its officer",
        "提供部门没有规则允许这个问题：请联系提供部门的安全管理员",
    ),
    "to.departments": (
        Reason.QUESTION_NOT_ALLOWED,
        "the rule is for other departments: ask the provider's officer",
        "规则只适用于其他部门：请联系提供部门的安全管理员",
    ),
    "to.levels": (
        Reason.QUESTION_NOT_ALLOWED,
        "the rule is for departments of other levels: ask the provider's officer",
        "规则只适用于其他层级的部门：请联系提供部门的安全管理员",
    ),
    "to.regions": (
        Reason.QUESTION_NOT_ALLOWED,
        "the rule is for departments of other regions: ask the provider's officer",
        "规则只适用于其他区域的部门：请联系提供部门的安全管理员",
    ),
    "for": (
        Reason.PURPOSE_NOT_ALLOWED,
        "the rule is for other purposes: see `dxnode catalogue show PROVIDER/DATASET`",
        "规则只适用于其他用途：请用 `dxnode catalogue show 提供部门/数据集` 查看",
    ),
    "scope": (
        Reason.CONDITION_NOT_MET,
        "the rule is for the department's own area, which the grant leaves out: apply for one that covers it",
        "规则只适用于本部门所辖区域，而授权不覆盖该区域：请申请覆盖本区域的授权",
    ),
    "effective": (
        Reason.CONDITION_NOT_MET,
        "the rule does not hold on this day: `dxnode catalogue show PROVIDER/DATASET` has its dates",
        "规则在当日不生效：请用 `dxnode catalogue show 提供部门/数据集` 查看生效日期",
    ),
    "when.case_number": (
        Reason.CONDITION_NOT_MET,
        "the case number is not of the rule's form: see `dxnode catalogue show PROVIDER/DATASET`",
        "办件号不符合规则要求的格式：请用 `dxnode catalogue show 提供部门/数据集` 查看",
    ),
    "when.workdays": (
        Reason.CONDITION_NOT_MET,
        "the rule holds on working days only, provisional in years whose holidays are not published yet: "
        "ask on the next one",
        "规则仅在工作日适用，节假日安排尚未公布的年份为暂定：请在下一个工作日再查询",
    ),
    "when.hours": (
        Reason.CONDITION_NOT_MET,
        "the rule holds at other hours: `dxnode catalogue show PROVIDER/DATASET` has them",
        "规则仅在规定时段适用：请用 `dxnode catalogue show 提供部门/数据集` 查看时段，届时再查询",
    ),
    "limits.per_day": (
        Reason.QUOTA_EXHAUSTED,
        "the rule's limit for today is used up: go on tomorrow",
        "规则的今日限额已用完：请明天继续",
    ),
    "scope.subjects_per_day": (
        Reason.QUOTA_EXHAUSTED,
        "the grant's number of subjects for today is used up: go on tomorrow",
        "授权的今日人次已用完：请明天继续",
    ),
    "limits.per_subject_per_day": (
        Reason.QUOTA_EXHAUSTED,
        "the limit for this subject is used up for today: ask again tomorrow",
        "该当事人今日查询次数已用完：请明天再查询",
    ),
    "claims.wrong_tries_per_subject": (
        Reason.QUOTA_EXHAUSTED,
        "there were too many wrong claims about this subject today: check them, and ask again tomorrow",
        "今日对该当事人的申报项多次不符：请核对申报内容，明天再查询",
    ),
    "forbidden_together": (
        Reason.CONDITION_NOT_MET,
        "with earlier answers about the subject this would tell too much: see the provider's catalogue",
        "该答复与此前对同一当事人的答复合并后会泄露过多信息：请查看提供部门的目录",
    ),
    "privacy.budget": (
        Reason.BUDGET_EXHAUSTED,
        "the privacy budget is used up: use an earlier release, or ask the provider's officer",
        "隐私预算已用完：请使用已发布的统计结果，或联系提供部门的安全管理员",
    ),
    "exchange_id": (
        Reason.REQUEST_REPLAYED,
        "the exchange id was used before with other content: ask under a new one",
        "该交换编号已用于其他内容：请换新编号再查询",
    ),
    "log": (
        Reason.LOG_DIFFERS,
        "the provider has seen another state of this department's usage log: tell the operator, see `dxnode "
        "status`",
        "提供部门所见的本部门使用日志与现有的不同：请告知运维人员，并查看 `dxnode status`",
    ),
    "records": (
        Reason.REQUEST_REPLAYED,
        "the provider has lost its records of that time, and this may have been answered: ask under a new "
        "exchange id",
        "提供部门丢失了该时段的记录，此问可能已经答复：请换新编号再查询",
    ),
    "source": (
        Reason.SOURCE_UNAVAILABLE,
        "the provider's data cannot be read now: ask again later",
        "提供部门的数据暂时无法读取：请稍后再查询",
    ),
    "source.busy": (
        Reason.SOURCE_BUSY,
        "too many wait for the provider's data: ask again in a moment",
        "等待读取提供部门数据的请求过多：请稍候再查询",
    ),
}
DENIAL_CLAUSES = frozenset(_TOLD)


def denial_text(reason: Reason, clause: str, lang: Lang) -> str | None:
    """What is wrong and what to do next: lower case, no full stop; None where only the reason is known."""
    of_reason, english, chinese = _TOLD.get(clause, (None, "", ""))
    if of_reason is not reason:
        # Where looking at a clause failed, the clause is not what is wrong.
        return None
    return english if lang == "en" else chinese
