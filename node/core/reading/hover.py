"""What an editor says of each key of a policy file, in Chinese and in English, for whoever hovers over it."""

from __future__ import annotations

from collections.abc import Mapping

TITLE_EN = ("英文名称", "the title in English")

WORDS: Mapping[str, tuple[str, str]] = {
    "PolicyPart": ("一个数据集的目录条目和对其生效的规则", "one dataset: its catalogue entry and its rules"),
    "PolicyPart.dataset": ("数据集代号，全域内不变", "the name of the dataset, which stays the same"),
    "PolicyPart.title": ("目录名称（第十三条）", "the title of the catalogue entry (Art. 13)"),
    "PolicyPart.title_en": TITLE_EN,
    "PolicyPart.provider": (
        "提供部门的统一社会信用代码",
        "unified social credit code of the providing department",
    ),
    "PolicyPart.sharing": ("共享属性和方式（第十四、十五条）", "how the dataset is shared (Art. 14, 15)"),
    "PolicyPart.classification": ("数据分类分级", "how grave its misuse would be"),
    "PolicyPart.update": ("数据更新频率（第十三条）", "how often the data are brought up to date (Art. 13)"),
    "PolicyPart.format": ("数据格式（第十三条）", "what the data are kept in (Art. 13)"),
    "PolicyPart.subject": ("每一行数据说的是谁", "whom each row is about"),
    "PolicyPart.fields": ("数据项：名称及其说明", "the data items by name"),
    "PolicyPart.questions": ("可以提出的问题，其他一概不答", "what may be asked; nothing else is answered"),
    "PolicyPart.rules": (
        "谁、为何、在什么条件下可以问；未写即不允许",
        "who may ask what, for what, on which conditions; what no rule allows is denied",
    ),
    "PolicyPart.privacy": ("统计发布额度", "the privacy budget of statistics"),
    "SharingPart.attribute": (
        "共享属性：无条件共享、有条件共享或不予共享（第十四条）",
        "unconditional, conditional or not_shared (Art. 14)",
    ),
    "SharingPart.modes": (
        "共享方式：interface 服务接口、batch 批量交换、file 文件下载（第十三、二十二条）",
        "how it is shared: interface, batch or file (Art. 13, 22)",
    ),
    "SharingPart.scope": ("共享范围（第十五条）", "with whom it is shared (Art. 15)"),
    "SharingPart.use": ("使用用途（第十五条）", "what it may be used for (Art. 15)"),
    "SharingPart.reason": ("不予共享的理由（第十五条）", "why it is not shared (Art. 15)"),
    "SharingPart.legal_basis": (
        "不予共享的法律、行政法规或者国务院决定依据（第十五条）",
        "the law that it is not shared by (Art. 15)",
    ),
    "ClassificationPart.level": (
        "数据级别：1 最低，4 最高；原值只在 1、2 级可以给出",
        "1 (open) to 4 (gravest harm); plain values leave at level 1 and 2 only",
    ),
    "ClassificationPart.personal": ("是否含个人信息：true 或 false", "whether it holds personal information"),
    "ClassificationPart.secret": (
        "是否涉密；国家秘密、工作秘密不是政务数据（第三条），不能载入",
        "state and work secrets are no government data (Art. 3) and are refused",
    ),
    "SubjectPart.field": (
        "存放证件号或信用代码的列；不列入 fields",
        "the column that names the subject; not listed under fields",
    ),
    "SubjectPart.type": (
        "resident_id 公民身份号码，credit_code 统一社会信用代码",
        "a resident identity number or a credit code",
    ),
    "SubjectPart.region": (
        "说明其所属区域的数据项，用于回流（第二十四条）",
        "the field that says where the subject belongs, for backflow (Art. 24)",
    ),
    "FieldPart.title": ("数据项名称", "the title of the data item"),
    "FieldPart.title_en": TITLE_EN,
    "FieldPart.type": ("数据项类型", "the type of the data item"),
    "FieldPart.sensitivity": (
        "敏感程度：identifier 只能掩码、核验或比对；sensitive 不给原值",
        "identifier: only masked, tested or claimed; sensitive: never plain",
    ),
    "FieldPart.level": (
        "数据项级别，不填则同数据集",
        "level of this data item; that of the dataset if not given",
    ),
    "FieldPart.values": (
        "枚举的全部取值，或统计时列出的区域",
        "the closed values of an enum, or the regions to count by",
    ),
    "FieldPart.range": ("整数的 [最小值, 最大值]", "[least, greatest] of an integer"),
    "FieldPart.narrowest": (
        "一个需求部门由全部问题合起来，至少仍分不清这么多个相邻的值（日期为天数）；检查时据此警告",
        "of so many neighbouring values (or days) at least, one requester cannot tell which; the check warns",
    ),
    "ParameterPart.choices": ("参数只能取这些值", "the only values that may be given"),
    "ClaimPart.wrong_tries_per_subject": (
        "对同一人答“未核实到”多少次之后当日不再作答",
        "answers that are not yes, about one subject, before no more are given that day",
    ),
    "MaskPart.first": ("保留开头的字符数", "how many characters are kept at the start"),
    "MaskPart.last": ("保留末尾的字符数", "how many characters are kept at the end"),
    "GeneralisePart.level": ("把区划代码概括到这一级", "cut a region code to this level"),
    "GeneralisePart.step": ("把整数向下取整到其倍数", "round an integer down to a multiple of this"),
    "DerivationPart.mask": (
        "保留首尾字符，其余为 ****",
        "keep the first and last characters, **** for the rest",
    ),
    "DerivationPart.band": (
        "由小到大的分段界线：[0, 60, 120] 答 [0,60) 或 [60,120]；或 definitions.yaml 中分段的名称",
        "edges, growing: [0, 60, 120] answers [0,60) or [60,120]; or the name of a band of definitions.yaml",
    ),
    "DerivationPart.generalise": ("概括：区域上卷或数值取整", "a wider region, or a rounded number"),
    "DerivationPart.year_of": ("日期的年份", "the year of a date"),
    "DerivationPart.exists": ("有值则答 true", '"true" if the field is filled'),
    "DerivationPart.equals": (
        "与该参数或申报项相同则答 true",
        '"true" if it equals this parameter or claim',
    ),
    "DerivationPart.plain": (
        "原值：仅限 1、2 级的普通数据项",
        "the value itself: normal fields, level 1 and 2 only",
    ),
    "CeilingPart.level": ("问题可涉及数据项的最高级别", "the highest level of any field that it reads"),
    "CeilingPart.sensitivity": (
        "问题可涉及的最高敏感程度：normal < sensitive < identifier",
        "the highest sensitivity that it reads: normal < sensitive < identifier",
    ),
    "QuestionPart.title": ("问题名称", "the title of the question"),
    "QuestionPart.title_en": TITLE_EN,
    "QuestionPart.ceiling": ("问题最多可涉及哪些数据项", "up to which fields the question may reach"),
    "QuestionPart.verify": ("核验：对数据项的判断条件", "yes or not verified: a condition on the fields"),
    "QuestionPart.field": (
        "取值：由哪个数据项得出，如何得出见 as",
        "one derived value: from which field; `as` says how",
    ),
    "QuestionPart.as": ("如何由数据项得出答案", "how the answer is derived from the field"),
    "QuestionPart.statistic": ("加扰的计数（防止推断个人）", "a count with noise"),
    "QuestionPart.group_by": ("按哪些数据项分组计数", "the fields to count by"),
    "QuestionPart.where": ("只统计符合此条件的", "count only where this condition holds"),
    "QuestionPart.unit_contributes": (
        "同一人至多有多少行",
        "at most how many rows belong to one subject",
    ),
    "QuestionPart.epsilon": ("一次发布的隐私损失上限", "privacy loss of one release"),
    "QuestionPart.parameters": ("参数及其可选值", "parameters by name"),
    "QuestionPart.claims": ("由需求部门申报、只作比对的值", "what the requester claims, only compared"),
    "ToPart": (
        "每一项都须符合；departments 和 groups 合为一项，符合其中之一即可",
        "every key must fit the requester; departments and groups count as one, of which one entry must",
    ),
    "ToPart.any": ("名录中的所有部门", "every member of the directory"),
    "ToPart.departments": ("部门的统一社会信用代码", "unified social credit codes"),
    "ToPart.groups": (
        "definitions.yaml 中定义的部门组",
        "groups of departments that definitions.yaml defines",
    ),
    "ToPart.levels": ("部门的级别", "levels of departments"),
    "ToPart.regions": ("区划代码，包含其下辖区域", "region codes; each covers what lies within"),
    "WhenPart": ("每一项都须满足", "every key must hold"),
    "WhenPart.case_number": (
        "办件编号格式：# 为一位数字，@ 为一个大写字母，* 为任意字母、数字和连字符",
        "form of the case number: # is a digit, @ a capital letter, * any letters, digits and hyphens",
    ),
    "WhenPart.workdays": (
        "仅限工作日；调休上班日算工作日，尚未公布的年份为暂定",
        "only on working days, make-up days included; provisional for years not yet published",
    ),
    "WhenPart.hours": (
        "当地时间，如 08:30-17:30，不含结束时刻",
        'local time, "08:30-17:30"; the end is excluded',
    ),
    "EffectivePart.from": ("生效日期，如 2026-01-01", "the first day, such as 2026-01-01"),
    "EffectivePart.until": ("截止日期，当日仍有效", "the last day"),
    "LimitsPart.per_day": ("每个需求部门每日人次", "subjects a day, for each requester"),
    "LimitsPart.per_subject_per_day": ("对同一人每日次数", "times a day about one subject"),
    "RulePart.id": (
        "规则代号，写入每条决定和记录",
        "the name of the rule, which every decision and record tells",
    ),
    "RulePart.allow": ("允许提出的问题", "questions of this dataset"),
    "RulePart.to": ("对哪些部门", "which departments"),
    "RulePart.for": ("用途，包含其下级用途", "purposes; each covers its children"),
    "RulePart.scope": (
        "回流：只答本区域内的人（第二十四条）",
        "own-region: a department learns of subjects of its own area only (Art. 24)",
    ),
    "RulePart.effective": ("规则有效的日期", "the days on which the rule holds"),
    "RulePart.when": ("条件", "conditions"),
    "RulePart.limits": ("限额", "limits"),
    "BudgetPart.dataset": ("全部需求部门合计的隐私损失上限", "epsilon for all together"),
    "BudgetPart.organisation": (
        "同一机构各部门合计的隐私损失上限",
        "epsilon for the departments of one organisation together",
    ),
    "BudgetPart.requester": ("单个需求部门的隐私损失上限", "epsilon for one requester"),
    "PolicyPart.forbidden_together": (
        "不得合并使用的问题（第二十五条）",
        "questions that may not be put together (Art. 25)",
    ),
    "CombinationPart.id": ("组合代号", "the name of the combination"),
    "CombinationPart.questions": (
        "同一需求部门不得就同一人全部提出的问题",
        "questions that one requester may not all ask about one subject",
    ),
    "CombinationPart.within_days": ("在这么多天之内", "within so many days"),
    "PolicyPart.accepted": (
        "已审查并认可的警告；仍会列出，不会隐藏",
        "warnings that the officers have looked at and answer for; they stay listed",
    ),
    "AcceptedPart.warning": ("警告名称，不含“lint.”", "the name of the warning, without 'lint.'"),
    "AcceptedPart.at": (
        "警告所在之处，如 rules/tax-deferral、questions/is-enrolled",
        "where it stands, such as rules/tax-deferral or questions/is-enrolled",
    ),
    "AcceptedPart.about": (
        "同处有多个同名警告时，写明是哪一个",
        "which one is meant, where several of that name stand there",
    ),
    "AcceptedPart.because": ("为何可以接受", "why it can be accepted"),
    "PrivacyPart.budget": ("各层的统计发布额度", "the privacy budget of each circle"),
    "PrivacyPart.period": ("发布额度按此周期重新计算", "the budget starts anew every such period"),
    "PrivacyPart.account": (
        "发布额度所属的账户，不写即数据集名称；同一数据来源只有一个账户",
        "the account that the budget belongs to, the dataset's name if not given; a source has one account",
    ),
    "DefinitionsPart": ("各策略按名称引用的内容", "what policies use by name"),
    "DefinitionsPart.purposes": (
        "用途代码及其名称；每个上级用途都要列出",
        "purposes by code; each parent is listed too",
    ),
    "DefinitionsPart.departments": (
        "部门组：在规则的 to 中以 groups 引用",
        "groups of departments, for `groups` in the `to` of a rule",
    ),
    "DefinitionsPart.bands": (
        "分段界线：在问题的 as 中以 band 引用",
        "edges of bands, for `band` in the `as` of a question",
    ),
    "DefinitionsPart.forbidden_together": (
        "不得合并使用的问题，跨数据集（第二十五条）",
        "questions of several datasets that may not be put together (Art. 25)",
    ),
    "SharedCombinationPart.id": ("组合代号", "the name of the combination"),
    "SharedCombinationPart.questions": (
        "数据集/问题：同一需求部门不得就同一人全部提出",
        "dataset/question: one requester may not ask all of them about one subject",
    ),
    "SharedCombinationPart.within_days": ("在这么多天之内", "within so many days"),
    "GroupPart.title": ("部门组名称", "the title of the group"),
    "GroupPart.title_en": TITLE_EN,
    "GroupPart.departments": (
        "统一社会信用代码；组内不能再写部门组",
        "unified social credit codes; no groups of groups",
    ),
    "PurposePart.title": ("用途名称", "the title of the purpose"),
    "PurposePart.title_en": TITLE_EN,
}
"""Part, or part and key, to its words: Chinese, English."""


def described(
    schema: dict[str, object], root: str, words: Mapping[str, tuple[str, str]] = WORDS
) -> dict[str, object]:
    """A JSON Schema with the words of every part and key put in; `root` is the name of the outermost part."""
    parts = schema.get("$defs")
    named = {root: schema, **(parts if isinstance(parts, dict) else {})}
    for name, part in named.items():
        _put(part, words.get(name))
        properties = part.get("properties", {})
        if isinstance(properties, dict):
            for key, described_key in properties.items():
                _put(described_key, words.get(f"{name}.{key}"))
    return schema


def _put(target: dict[str, object], words: tuple[str, str] | None) -> None:
    if words is not None:
        target["description"] = "\n\n".join(words)
