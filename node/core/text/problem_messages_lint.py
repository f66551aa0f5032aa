"""What warnings and notes on policy files say, in both languages: (what is odd, how to mend it), by key."""

from __future__ import annotations

from collections.abc import Mapping

WARNINGS_EN: Mapping[str, tuple[str, str]] = {
    "lint.combination-misspelled": (
        "there is no dataset '{name}' here, so this combination forbids nothing",
        "correct the name",
    ),
    "lint.question-unused": (
        "no rule allows the question '{name}'",
        "name it in 'allow' of a rule, or delete it",
    ),
    "lint.unconditional": (
        "the dataset is shared unconditionally, but the rule '{rule}' sets a condition",
        "delete the condition, or declare the dataset conditional and list its conditions",
    ),
    "lint.rule-ended": (
        "the rule '{rule}' ended on {last}: it never applies again",
        "delete it, or set a later 'until'",
    ),
    "lint.rule-self": (
        "this is the provider itself, which never asks itself",
        "delete the code, or name the department that is meant",
    ),
    "lint.rule-level": (
        "departments of level {levels} are above {regions}: the rule '{rule}' fits none of them",
        "name a wider region, or a lower level",
    ),
    "lint.rule-shadowed": (
        "the rule '{rule}' never counts: whatever it lets through, '{earlier}' lets through before it",
        "move it before '{earlier}', or delete it",
    ),
    "lint.question-shadowed": (
        "for '{name}' this rule never counts: '{earlier}' lets through before it whatever it would",
        "move the rule before '{earlier}', or delete the question here",
    ),
    "lint.limits-overlap": (
        "requests for {questions} can fit both this rule ({own}) and '{earlier}' ({other}): "
        "only the earlier one counts them",
        "set the same limits and scope, or make the two exclude each other",
    ),
    "lint.limit-idle": (
        "this limit is never reached: the rule answers about {per_day} subjects a day at most",
        "lower it, or delete it",
    ),
    "lint.limit-statistic": (
        "this limit never counts: the rule allows statistics only, and they are about no single subject",
        "delete it; 'per_day' counts releases",
    ),
    "lint.purpose-covered": (
        "'{inner}' is within '{outer}', which stands in the same list",
        "keep one of the two",
    ),
    "lint.condition-never": (
        "'{part}' never holds, whatever the data say, and so the answer is always no, or nothing is counted",
        "correct it: compare it with the type, range and values of its fields",
    ),
    "lint.condition-always": (
        "'{part}' always holds, whatever the data say, and so the condition asks nothing",
        "correct it, or delete the question",
    ),
    "lint.condition-filled": (
        "'{part}' holds for every value that there can be: the condition only asks whether fields are filled",
        "correct it, or write IS NOT NULL if that is meant",
    ),
    "lint.part-never": (
        "'{part}' never holds, whatever the data say",
        "correct it, or delete it with what it is joined to",
    ),
    "lint.part-always": (
        "'{part}' holds for every value that there can be",
        "correct it, or delete it; write IS NOT NULL if that is meant",
    ),
    "lint.part-idle": (
        "without '{part}' the condition holds for the same records",
        "correct it, or delete it",
    ),
    "lint.choice-never": (
        "with the choice '{choice}' of '{parameter}' the condition never holds",
        "delete the choice, or correct the condition",
    ),
    "lint.choice-always": (
        "with the choice '{choice}' of '{parameter}' the condition holds for every value that there can be",
        "delete the choice, or correct the condition",
    ),
    "lint.oracle-pins": (
        "asked with one choice after the other, this question gives away the exact value of '{field}' "
        "({asks} asks about one subject)",
        "leave out choices, so that no single value remains between two of them",
    ),
    "lint.oracle-many": (
        "{count} choices narrow '{field}' down closely, with {asks} asks about one subject",
        "keep fewer than {limit} choices, or answer with a band",
    ),
    "lint.oracle-together": (
        "the questions {questions} of the rule '{rule}' together give away exact values of '{field}'",
        "split them over rules for different departments, move their thresholds apart, or list them under "
        "'forbidden_together'",
    ),
    "lint.acceptance-stale": (
        "this accepts nothing: there is no warning '{name}' at '{at}', or it is accepted already",
        "delete the entry; 'dxnode policy check' says for each warning how to accept it",
    ),
    "lint.acceptance-several": (
        "this would accept {count} warnings '{name}' at once",
        "write one entry for each, with 'about' as 'dxnode policy check' says it",
    ),
    "lint.oracle-narrow": (
        "{questions}: the answers narrow '{field}' down to fewer than {narrowest} neighbouring values",
        "move thresholds and edges apart, or set another 'narrowest' of the field",
    ),
    "lint.oracle-across": (
        "whoever fits '{who}' may ask {questions} by the rules {rules}; together they give away exact "
        "values of '{field}'",
        "give them to different departments, move their thresholds apart, or list them under "
        "'forbidden_together'",
    ),
    "lint.rule-no-workday": (
        "the rule '{rule}' holds on working days only, and from {first} until {last} there is none",
        "delete 'workdays', or set other dates",
    ),
    "lint.rule-nobody": (
        "the rule '{rule}' fits no department of the directory",
        "correct 'to': compare levels and regions with those of the directory",
    ),
    "lint.department-unknown": (
        "the directory has no department {code}",
        "correct the code, or delete it; it fits nobody until the department is in the directory",
    ),
    "lint.combination-idle": (
        "no rule allows '{name}', so that nobody can put this combination together",
        "delete the combination, or allow the question in a rule",
    ),
    "lint.budget-all": (
        "one release of each of the {count} statistics costs {price}, more than the budget of {budget}",
        "raise the budget, or lower the epsilon of the statistics",
    ),
    "lint.budget-order": (
        "this budget of {own} can never be spent: that of '{outer}', {other}, is spent first",
        "make it at most {other}",
    ),
    "lint.budget-unused": ("there is a privacy budget, but no statistic", "delete it, or add the statistic"),
    "lint.account-differs": (
        "{others} draw on the account '{account}' too, with another budget or period: each holds its own "
        "releases alone",
        "give all datasets of an account the same budget and period",
    ),
    "lint.budget-choices": (
        "one release of '{question}' for each of its {count} choices costs {price}, "
        "more than the requester's budget of {budget}",
        "raise the budget, lower the question's epsilon, or keep fewer choices",
    ),
}
NOTES_EN: Mapping[str, tuple[str, str]] = {
    "lint.combination-absent": (
        "this combination was not checked, and forbids nothing here: there is no dataset '{name}'",
        "check the policies of all its datasets together",
    ),
    "lint.file-skipped": (
        "this file was not searched for warnings",
        "mend its errors first, then check again",
    ),
    "lint.no-purposes": (
        "no purposes are defined: that purposes exist was not checked, only their spelling",
        "list them under 'purposes:' in definitions.yaml, beside the policies",
    ),
    "lint.shadow-unknown": (
        "whether '{earlier}' takes everything from the rule '{rule}' was not decided: it depends on {what}",
        "compare the two by hand",
    ),
    "lint.too-much": (
        "there are too many rules to compare every pair: from the rule '{rule}' on, shadowing and overlaps "
        "were not looked for",
        "split the dataset, or put rules with the same conditions into one",
    ),
    "lint.more": ("{count} more warnings on this file are not shown", "mend those above, then check again"),
    "lint.condition-unknown": (
        "whether the condition of '{name}', or a part of it, always or never holds was not analysed: it has "
        "too many cases",
        "make it shorter, or look at it by hand",
    ),
    "lint.oracle-unknown": (
        "what '{name}' tells of '{field}' together with other questions was not analysed",
        "look at it by hand",
    ),
    "lint.oracle-too-much": (
        "there are too many requesters and questions to look at all together: what one can work out from "
        "several questions was analysed in part only",
        "split the dataset, or put rules for the same departments into one",
    ),
    "lint.domain-open": (
        "how much the choices of '{name}' give away was not analysed: '{field}' has no closed values",
        "list its values, or look at the choices by hand",
    ),
}
WARNINGS_ZH: Mapping[str, tuple[str, str]] = {
    "lint.combination-misspelled": (
        "此处没有数据集“{name}”，该组合不起任何限制作用",
        "请更正名称",
    ),
    "lint.question-unused": ("没有规则允许“{name}”这一问题", "请写入某条规则的 allow，或删除该问题"),
    "lint.unconditional": (
        "数据集属于无条件共享，规则“{rule}”却设了条件",
        "请删除条件，或改为有条件共享并列明条件",
    ),
    "lint.rule-ended": ("规则“{rule}”已于 {last} 截止，不会再适用", "请删除，或改晚 until"),
    "lint.rule-self": ("这是提供部门自己，不会向自己查询", "请删除该代码，或改为所指的部门"),
    "lint.rule-level": (
        "{levels} 级部门在 {regions} 之上：规则“{rule}”不适用于其中任何部门",
        "请改用更大的区划，或更低的级别",
    ),
    "lint.rule-shadowed": (
        "规则“{rule}”永远不起作用：凡它允许的，“{earlier}”都已先允许",
        "请移到“{earlier}”之前，或删除",
    ),
    "lint.question-shadowed": (
        "对“{name}”而言本规则永远不起作用：凡它允许的，“{earlier}”都已先允许",
        "请将本规则移到“{earlier}”之前，或在此删除该问题",
    ),
    "lint.limits-overlap": (
        "对 {questions} 的查询可能同时符合本规则（{own}）和“{earlier}”（{other}）：只按在前的计数",
        "请统一两者的限额和范围，或使两者互不重叠",
    ),
    "lint.limit-idle": ("这一限额永远达不到：本规则每天最多答复 {per_day} 人次", "请改小，或删除"),
    "lint.limit-statistic": (
        "这一限额永远不计数：本规则只允许统计，统计不涉及单个当事人",
        "请删除；发布次数由 per_day 限定",
    ),
    "lint.purpose-covered": ("“{inner}”已包含在同一列表的“{outer}”之中", "请只保留一个"),
    "lint.condition-never": (
        "无论数据如何，“{part}”都不成立：回答总是“否”，或者什么也不计",
        "请对照数据项的类型、范围和取值改正",
    ),
    "lint.condition-always": (
        "无论数据如何，“{part}”都成立：这个条件什么也没有问",
        "请改正，或删除该问题",
    ),
    "lint.condition-filled": (
        "“{part}”对所有可能的值都成立：这个条件只问了数据项是否有值",
        "请改正；如确是此意，请写 IS NOT NULL",
    ),
    "lint.part-never": ("无论数据如何，“{part}”都不成立", "请改正，或连同所连接的部分一起删除"),
    "lint.part-always": (
        "“{part}”对所有可能的值都成立",
        "请改正或删除；如要问是否有值，请写 IS NOT NULL",
    ),
    "lint.part-idle": ("去掉“{part}”，条件对同样的数据成立", "请改正，或删除"),
    "lint.choice-never": (
        "“{parameter}”取“{choice}”时，条件永远不成立",
        "请删除该可选值，或改正条件",
    ),
    "lint.choice-always": (
        "“{parameter}”取“{choice}”时，条件对所有可能的值都成立",
        "请删除该可选值，或改正条件",
    ),
    "lint.oracle-pins": (
        "逐个用可选值去问，就能得知“{field}”的准确值（对同一当事人问 {asks} 次）",
        "请减少可选值，使相邻两个之间不止一个值",
    ),
    "lint.oracle-many": (
        "{count} 个可选值可以把“{field}”限定得很窄，对同一当事人只需问 {asks} 次",
        "请使可选值少于 {limit} 个，或改用分段作答",
    ),
    "lint.oracle-together": (
        "规则“{rule}”的 {questions} 合在一起，会泄露“{field}”的准确值",
        "请分给不同部门的规则、拉开各自的界限，或列入 forbidden_together",
    ),
    "lint.acceptance-stale": (
        "这一条没有认可任何警告：“{at}”处没有“{name}”，或者已经认可过",
        "请删除这一条；dxnode policy check 会说明每个警告如何认可",
    ),
    "lint.acceptance-several": (
        "这一条会同时认可 {count} 个“{name}”警告",
        "请逐个认可，按 dxnode policy check 所示写明 about",
    ),
    "lint.oracle-narrow": (
        "{questions}：由答案可以把“{field}”限定到不足 {narrowest} 个相邻的值",
        "请拉开界限和分段，或改数据项的 narrowest",
    ),
    "lint.oracle-across": (
        "符合“{who}”的部门依规则 {rules} 可以问 {questions}，合在一起会泄露“{field}”的准确值",
        "请分给不同部门、拉开各自的界限，或列入 forbidden_together",
    ),
    "lint.rule-no-workday": (
        "规则“{rule}”只在工作日适用，而 {first} 至 {last} 没有工作日",
        "请删除 workdays，或改日期",
    ),
    "lint.rule-nobody": (
        "名录中没有任何部门符合规则“{rule}”",
        "请改正 to：对照名录中的级别和区划",
    ),
    "lint.department-unknown": (
        "名录中没有部门 {code}",
        "请改正或删除该代码；该部门列入名录之前，这里不适用于任何部门",
    ),
    "lint.combination-idle": (
        "没有规则允许“{name}”，无人能凑齐这一组合",
        "请删除该组合，或在规则中允许该问题",
    ),
    "lint.budget-all": (
        "{count} 项统计各发布一次需要 {price}，超过预算 {budget}",
        "请提高预算，或降低各项统计的 epsilon",
    ),
    "lint.budget-order": (
        "这一预算 {own} 永远用不完：“{outer}”的预算 {other} 会先用完",
        "请改为不超过 {other}",
    ),
    "lint.budget-unused": ("写了隐私预算，却没有统计", "请删除预算，或加上统计"),
    "lint.account-differs": (
        "{others} 也使用账户“{account}”，但预算或周期不同：各自只约束自己的发布",
        "请让同一账户的各数据集使用相同的预算和周期",
    ),
    "lint.budget-choices": (
        "“{question}”的 {count} 种可选值各发布一次需要 {price}，超过需求部门的预算 {budget}",
        "请提高预算、降低该问题的 epsilon，或减少可选值",
    ),
}
NOTES_ZH: Mapping[str, tuple[str, str]] = {
    "lint.combination-absent": (
        "该组合未经检查，在此不起限制作用：没有数据集“{name}”",
        "请将其中各数据集的策略一并检查",
    ),
    "lint.file-skipped": ("没有在本文件中查找警告", "请先改正错误，再检查一次"),
    "lint.no-purposes": (
        "没有定义用途：只检查了用途的写法，没有检查用途是否存在",
        "请在策略旁的 definitions.yaml 中，写在 purposes 下",
    ),
    "lint.shadow-unknown": (
        "未能判定“{earlier}”是否完全遮盖规则“{rule}”：取决于{what}",
        "请人工比较两条规则",
    ),
    "lint.too-much": (
        "规则太多，无法逐对比较：自规则“{rule}”起没有查找遮盖和重叠",
        "请拆分数据集，或合并条件相同的规则",
    ),
    "lint.more": ("本文件另有 {count} 处警告未显示", "请先改正以上各处，再检查一次"),
    "lint.condition-unknown": (
        "没有分析“{name}”的条件或其部分是否总是成立或不成立：情形太多",
        "请缩短条件，或人工审查",
    ),
    "lint.oracle-unknown": ("没有分析“{name}”与其他问题合在一起会透露多少“{field}”", "请人工审查"),
    "lint.oracle-too-much": (
        "需求部门和问题太多：同一部门由几个问题合在一起能得知什么，只分析了一部分",
        "请拆分数据集，或合并适用部门相同的规则",
    ),
    "lint.domain-open": (
        "没有分析“{name}”的可选值会泄露多少：“{field}”没有封闭的取值",
        "请列出其取值，或人工审查可选值",
    ),
}
