"""What an editor knows of tables of tests, and says of each key in Chinese and in English."""

from __future__ import annotations

import json
from collections.abc import Mapping

from node.analysis.tests.format import TablePart
from node.core.reading.hover import described
from node.core.reading.schema import bounded

_BY = (
    "哪个部门提问：departments 中的名称或统一社会信用代码",
    "who asks: a name under `departments`, or a credit code",
)
_REGION = (
    "提问部门的区划代码，不填则按 departments",
    "region of who asks; that under `departments` if not given",
)
_LEVEL = ("提问部门的级别，不填则按 departments", "level of who asks; that under `departments` if not given")
_FOR = ("为哪项用途提问", "the purpose that is asked for")
_ROLE = (
    "提问者的角色：clerk（窗口）、system（业务系统）或 operator（运维）；不填为 clerk",
    "role of the caller: clerk, system or operator; clerk if not given",
)
_CASE = ("办件编号", "the case number")
_SUBJECTS = (
    "问及多少名被核验人，不填为 1（统计为 0）",
    "how many subjects; 1 if not given, 0 for a statistic",
)
_AT = (
    "何时提问，如 2026-11-23T10:00；不填为某个工作日上午",
    "when, as 2026-11-23T10:00; the morning of a working day if not given",
)
_GRANT = ("授权；不填则授权涵盖所问", "the grant; it covers what is asked if not given")

TABLE_WORDS: Mapping[str, tuple[str, str]] = {
    "TablePart": ("旁边策略的测试表", "tests of the policy beside this file"),
    "TablePart.departments": ("表中各部门的简称", "the departments of the table, by short names"),
    "TablePart.calendar": (
        "在公布的放假安排之上的日子，写法同节假日文件",
        "days on top of the published holidays, as in a holiday file",
    ),
    "TablePart.defaults": ("各行没有写的内容取自这里", "what rows leave out"),
    "TablePart.tests": ("每行一次请求和应有的决定", "on each row a request, and what has to be decided"),
    "DepartmentPart.code": ("统一社会信用代码", "unified social credit code"),
    "DepartmentPart.region": ("区划代码", "region code"),
    "DepartmentPart.level": ("级别", "level"),
    "DepartmentPart.suspended": ("是否已被暂停", "whether it is suspended"),
    "HolidaysPart.complete": ("安排已写全的年份", "years whose arrangement stands here in full"),
    "HolidaysPart.days_off": (
        "休息日：日期或首日/末日，及其名称",
        "days off: a date, or first/last of a span, and what it is",
    ),
    "HolidaysPart.working_days": ("调休上班的日子，及其名称", "days of a weekend or holiday that are worked"),
    "AskedPart.by": _BY,
    "AskedPart.for": _FOR,
    "AskedPart.region": _REGION,
    "AskedPart.level": _LEVEL,
    "AskedPart.role": _ROLE,
    "AskedPart.case": _CASE,
    "AskedPart.subjects": _SUBJECTS,
    "AskedPart.at": _AT,
    "AskedPart.grant": _GRANT,
    "RowPart.by": _BY,
    "RowPart.for": _FOR,
    "RowPart.region": _REGION,
    "RowPart.level": _LEVEL,
    "RowPart.role": _ROLE,
    "RowPart.case": _CASE,
    "RowPart.subjects": _SUBJECTS,
    "RowPart.at": _AT,
    "RowPart.grant": _GRANT,
    "RowPart.ask": ("提出哪个问题", "which question is asked"),
    "RowPart.parameters": ("参数，不填为各自的第一个可选值", "parameters; the first choices if not given"),
    "RowPart.claims": ("申报了哪些项，不填为问题要求的全部", "which claims are made; all if not given"),
    "RowPart.used": ("此前已用去多少限额和发布额度", "how much of limits and budgets is used up before"),
    "RowPart.after": (
        "此前就同一被核验人得到答复的问题，各是几天前（当天为 0）",
        "questions that were answered about the same subject before, each with how many days ago; today is 0",
    ),
    "RowPart.note": ("不符合预期时显示的说明", "a remark, shown when the row fails"),
    "RowPart.expect": ("应当允许还是拒绝", "permit or deny"),
    "RowPart.rule": ("由哪条规则决定；允许时必填", "the rule that decides; required with permit"),
    "RowPart.reason": (
        "拒绝的原因，如 PURPOSE_NOT_ALLOWED",
        "the reason of a denial, PURPOSE_NOT_ALLOWED say",
    ),
    "RowPart.clause": ("由哪一条款拒绝", "the clause that refuses"),
    "RowPart.answer": ("答复的类型", "the kind of the answer"),
    "SupposedPart.state": ("授权的状态；none 为没有授权", "state of the grant; none for no grant"),
    "SupposedPart.questions": ("授权的问题", "the questions that it covers"),
    "SupposedPart.purposes": ("授权的用途", "the purposes that it covers"),
    "SupposedPart.roles": ("可使用授权的角色", "the roles that may use it"),
    "SupposedPart.region": ("授权限于此区划内的被核验人", "subjects of this region only"),
    "SupposedPart.from": ("授权从何时起", "from when it is valid"),
    "SupposedPart.until": ("授权到何时止", "until when it is valid"),
    "UsedPart.per_day": ("当天已问及的人次", "subjects asked about today, under the rule that permits"),
    "UsedPart.per_subject_per_day": (
        "当天就同一被核验人已问的次数",
        "times that was asked about the subject today",
    ),
    "UsedPart.wrong_tries_per_subject": (
        "当天就同一被核验人申报不符的次数",
        "answers today about the subject that were not yes",
    ),
    "UsedPart.budget": ("本周期已扣减的发布额度", "epsilon used up in the period of the budget"),
    "SpentPart.account": (
        "计入哪个账户，不写即本策略的账户",
        "of which account; of the policy's if not given",
    ),
    "SpentPart.dataset": ("全部需求部门合计", "by all together"),
    "SpentPart.organisation": ("同一机构各部门合计", "by the departments of one organisation together"),
    "SpentPart.requester": ("该需求部门", "by this requester"),
}
"""Part, or part and key, to its words: Chinese, English."""


# As `node.analysis.tests.table` has it: why a row is permitted or denied is said too.
_WHY: Mapping[str, object] = {
    "if": {"properties": {"expect": {"const": "permit"}}, "required": ["expect"]},
    "then": {"required": ["rule"], "properties": {"reason": False, "clause": False}},
    "else": {"anyOf": [{"required": ["reason"]}, {"required": ["clause"]}], "properties": {"answer": False}},
}


def table_schema_text() -> str:
    """The JSON Schema of tables of tests, as text ending in a newline."""
    schema = TablePart.model_json_schema(by_alias=True)
    schema["$defs"]["RowPart"].update(_WHY)
    schema = bounded(described(schema, "TablePart", TABLE_WORDS), "TablePart")
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
