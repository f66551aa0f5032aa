"""What problems of policy files say in English: (what is wrong, how to mend it), by key."""

from __future__ import annotations

from collections.abc import Mapping

EN: Mapping[str, tuple[str, str]] = {
    # Files and YAML.
    "file.too-large": ("the file is larger than {limit} bytes", "split it: one file for each dataset"),
    "file.not-utf8": ("the file is not UTF-8 text", "save it as UTF-8 in your editor"),
    "file.unseen-character": (
        "a character that cannot be seen ({code}) stands here",
        "delete it; it often comes with text copied from elsewhere",
    ),
    "yaml.empty-file": ("the file is empty", "write what belongs in it; a policy begins with 'dataset:'"),
    "yaml.syntax": (
        "this is not YAML: {detail}",
        "check indentation, colons, quotes and brackets on this line",
    ),
    "yaml.full-width": ("'{words}' is a full-width character", "type it as {narrow}"),
    "yaml.wide-colon": ("'{words}' is a full-width character", "type it as {narrow} with a blank after it"),
    "yaml.wide-blank": ("a blank of another kind ({code}) stands here", "type an ordinary blank"),
    "yaml.list-comma": (
        "'{words}' does not part the entries of a list",
        "type it as {narrow}; if it belongs to the text, put the text in quotes",
    ),
    "yaml.colon-blank": ("a blank is missing after the colon", "write 'key: value'"),
    "yaml.no-colon": ("a key and a colon are expected here", "write 'key: value'"),
    "yaml.indentation": (
        "this line does not begin in the column of the lines that it belongs to",
        "indent with two blanks for each level, keys of one level in one column",
    ),
    "yaml.colon-in-text": (
        "a second colon stands in the text of this line",
        'put text with a colon in quotes: "…"',
    ),
    "yaml.open-bracket": (
        "a comma or the closing {bracket} is missing",
        "part entries with commas, close every bracket and quote",
    ),
    "yaml.open-quote": (
        "the quoted text that begins here runs over several lines",
        "add the closing quote on this line",
    ),
    "yaml.tab": ("a tab stands where YAML wants blanks", "indent with blanks, two for each level"),
    "yaml.too-deep": ("lists and mappings are nested more than {limit} deep", "write it flatter"),
    "yaml.alias": ("aliases (*name) are not allowed", "write the value out"),
    "yaml.anchor": ("anchors (&name) are not allowed", "write the value out where it is needed"),
    "yaml.tag": ("tags (!name) are not allowed", "write the value alone"),
    "yaml.merge-key": ("merge keys (<<) are not allowed", "write the keys out"),
    "yaml.directive": ("directives (%NAME) are not allowed", "delete the line that begins with %"),
    "yaml.documents": ("a second document begins here", "one file holds one document: delete the line ---"),
    "yaml.duplicate-key": ("the key '{words}' stands twice, first in line {first}", "keep one of the two"),
    "yaml.key-empty": ("a key is missing before the colon", "write the key"),
    "yaml.key-not-text": ("a list or mapping cannot be a key", "write a word as the key"),
    "yaml.empty-value": ("a value is missing here", "write the value, or delete the key"),
    # Keys and values.
    "key.unknown": ("the key '{key}' is not known here", "known keys: {known}"),
    "key.missing": ("the key '{key}' is missing here", "add '{key}:'"),
    "key.title": (
        "the title in Chinese is missing here",
        "add 'title:' and what people call it, such as 'title: 参保状态'",
    ),
    "key.title-en": (
        "the title in English is missing here",
        "add 'title_en:' and what people call it, such as 'title_en: Enrolment status'",
    ),
    "value.text": ("text is expected here", "write a single value"),
    "value.line": ("one line of text is expected here, of at most {limit} characters", "shorten the text"),
    "value.too-long": ("the text is longer than {limit} characters", "shorten it"),
    "value.integer": ("'{words}' is no integer", "write digits without quotes, such as 180"),
    "value.decimal": ("'{words}' is no decimal number", "write it without quotes, such as 0.5"),
    "value.date": ("'{words}' is no date", "write it as 2026-01-31"),
    "value.boolean": ("'{words}' is neither true nor false", "write true or false, without quotes"),
    "value.marker": ("only 'true' can stand here", "write true, or delete the key"),
    "value.choice": ("'{words}' is not one of the values that can stand here", "choose one of: {choices}"),
    "value.mapping": ("keys with values are expected here", "write 'key: value', one on each line"),
    "value.list": ("a list is expected here", "put square brackets around it, even around one value: [ ]"),
    "value.too-few": ("the list is too short: at least {min_length}", "add what is missing"),
    "value.too-many": ("the list is too long: at most {max_length}", "shorten or split it"),
    "value.too-small": ("the number is too small: at least {ge}", "write a greater one"),
    "value.too-great": ("the number is too great: at most {le}", "write a smaller one"),
    "value.other": ("this value does not fit here", "compare with the example policies"),
    "name.spelling": (
        "'{words}' is no name",
        "use small letters, digits and single hyphens, such as months-at-least; at most 64 characters",
    ),
    "name.field-spelling": (
        "'{words}' is no field name",
        "use small letters, digits and underscores, such as months_paid; at most 63 characters",
    ),
    "name.question-path": (
        "'{words}' does not name a question of a dataset",
        "write dataset/question, such as pension-insurance/is-enrolled",
    ),
    "name.reserved": ("'{words}' is a word of conditions and cannot name a field", "choose another name"),
    "credit-code.invalid": (
        "'{words}' is no unified social credit code",
        "check all 18 characters, the last is a check character (GB 32100)",
    ),
    "region.spelling": (
        "'{words}' is no region code",
        "write 6, 9 or 12 digits of GB/T 2260, such as 441900",
    ),
    # Datasets and fields.
    "dataset.twice": (
        "the dataset '{name}' is in {other} already",
        "one file for each dataset: keep one of them",
    ),
    "definitions.twice": ("the shared definitions are in {other} already", "put all of them into one file"),
    "group.unknown": (
        "no group of departments is called '{name}'",
        "define it under 'departments:' in definitions.yaml, or use one of: {known}",
    ),
    "group.of-groups": (
        "'{words}' is a group, and a group holds no groups",
        "write the codes of its departments",
    ),
    "group.department-twice": ("the department {words} stands twice", "keep one of the two"),
    "band.unknown": (
        "no band is called '{name}'",
        "define it under 'bands:' in definitions.yaml, use one of: {known}, or write its edges here",
    ),
    "purpose.spelling": (
        "'{words}' is no purpose code",
        "use small letters, digits and hyphens, levels parted by /, such as tax/refund",
    ),
    "purpose.no-parent": ("the parent of '{code}' is missing", "add '{parent}' to the purposes"),
    "purpose.unknown": (
        "the purpose '{code}' is not in the purpose tree",
        "add it there, or use one that is",
    ),
    "unconditional.missing": (
        "what is shared needs '{key}' (Decree 809, Art. 13)",
        "add 'modes:' under 'sharing:' with some of interface, batch, file",
    ),
    "conditional.missing": (
        "what is shared on conditions needs '{key}' (Decree 809, Art. 13, 15)",
        "add '{key}:' under 'sharing:' ('modes:' are some of interface, batch, file)",
    ),
    "sharing.stray": ("'{key}' has no meaning for the sharing attribute {attribute}", "delete it"),
    "sharing.mode-twice": ("the mode '{mode}' stands twice", "keep one of the two"),
    "not-shared.missing": (
        "what is not shared needs '{key}' (Decree 809, Art. 15)",
        "add '{key}:' under 'sharing:'",
    ),
    "not-shared.questions": (
        "a dataset that is not shared can have neither questions nor rules",
        "delete them, or change the sharing attribute",
    ),
    "classification.secret": (
        "state and work secrets are no government data (Decree 809, Art. 3)",
        "take the dataset off this node",
    ),
    "classification.personal": (
        "a dataset about people holds personal information",
        "write 'personal: true'",
    ),
    "subject.listed": (
        "'{field}' names the subject and is listed as a field too",
        "delete it under 'fields:'; no question can read it",
    ),
    "subject.region": ("'{words}' is no field of type region", "name one of: {fields}"),
    "subject.regions": (
        "there is more than one region field: which says where the subject belongs?",
        "add 'region:' with one of: {fields}",
    ),
    "field.unknown": ("there is no field '{words}'", "fields of this dataset: {fields}"),
    "field.resident-id": ("a resident identity number is always an identifier", "delete 'sensitivity:'"),
    "field.level": ("the field is of a higher level than its dataset, {level}", "raise the dataset's level"),
    "field.range-type": ("only integers have a range, this is {type}", "delete 'range:'"),
    "field.narrowest-type": (
        "only integers and dates have neighbours, this is {type}",
        "delete 'narrowest:'",
    ),
    "field.range-order": ("the range is empty", "write the least value first, as in [0, 720]"),
    "field.values-missing": ("the enum '{field}' has no values", "add 'values: [...]' with all of them"),
    "field.values-type": ("only enums and regions list their values, this is {type}", "delete 'values:'"),
    "field.value-twice": ("the value '{value}' stands twice", "keep one of the two"),
    # Questions.
    "question.one-kind": (
        "a question needs exactly one of verify, field, statistic; here: {kinds}",
        "keep the one that says what is asked",
    ),
    "question.key-of-other-kind": ("'{key}' has no meaning for a question of kind {kind}", "delete it"),
    "question.as-missing": (
        "the question does not say how the field is derived",
        "add 'as:' with mask, band, generalise, year_of, exists, equals or plain",
    ),
    "question.parameter-and-claim": ("'{name}' is a parameter and a claim", "rename one of the two"),
    "question.parameter-unused": ("the parameter '{name}' is not used", "use it as :{name}, or delete it"),
    "question.claim-unused": ("the claim '{name}' is not used", "compare a field with it, as = :{name}"),
    "question.placeholder-types": (
        "'{name}' is compared with fields of different types: {types}",
        "use one for each type",
    ),
    "question.choice-twice": ("the choice '{choice}' stands twice", "keep one of the two"),
    "derivation.one": (
        "exactly one derivation is needed; here: {given}",
        "keep one of mask, band, generalise, year_of, exists, equals, plain",
    ),
    "derivation.plain": (
        "the plain value of '{field}' may not leave: only normal fields up to level {limit} may",
        "use mask, band, generalise, year_of, exists or equals",
    ),
    "derivation.level": (
        "'{field}' is of level {level}: no value derived from it may leave",
        "ask a 'verify' instead, or use exists or equals",
    ),
    "ceiling.empty": (
        "the ceiling names neither level nor sensitivity",
        "write one of them, or delete 'ceiling:'",
    ),
    "ceiling.above": (
        "the ceiling is above the level {level} of the dataset, so it holds nothing back",
        "write a level up to {level}",
    ),
    "ceiling.level": (
        "the question reads '{field}' of level {level}, which is above its ceiling",
        "ask without this field, or have a higher ceiling approved",
    ),
    "ceiling.sensitivity": (
        "the question reads '{field}', which is {sensitivity}: that is above its ceiling",
        "ask without this field, or have a higher ceiling approved",
    ),
    "derivation.type": ("this does not fit '{field}', which is {type}", "it fits fields of type {types}"),
    "derivation.mask": ("a mask shows at most 10 characters", "make 'first' and 'last' smaller"),
    "derivation.band": ("edges must grow, each by at least 2", "write them as in [0, 60, 120]"),
    "derivation.generalise": (
        "exactly one of level and step is needed",
        "'level: city' for a region, 'step: 12' for an integer",
    ),
    "statistic.group-open": (
        "'{field}' has no closed values to count by",
        "list its 'values:' under 'fields:' (enums and regions have them)",
    ),
    "statistic.group-twice": ("a field stands twice in group_by", "keep one of the two"),
    "statistic.cells": (
        "the groups make {cells} cells, at most {limit} are allowed",
        "group by fewer fields",
    ),
    "epsilon.range": ("epsilon must be more than 0 and at most 10", "0.1 to 1 is usual"),
    "privacy.missing": ("a statistic needs a privacy budget", "add 'privacy:' with budget and period"),
    "budget.range": ("a budget must be more than 0 and at most 1000", "write the epsilon of one period"),
    "budget.too-small": (
        "the budget does not even pay for one release of '{question}'",
        "raise the budget, or lower the question's epsilon",
    ),
    # Conditions.
    "predicate.character": (
        "'{words}' cannot stand in a condition",
        "delete it; fields are called by their names, text stands in single quotes",
    ),
    "predicate.full-width": ("'{words}' is a full-width character", "type it as {narrow}"),
    "predicate.double-quote": ('text stands in single quotes, not in "', "write it as 'active'"),
    "predicate.open-text": ("a quoted text does not end", "add the closing '; write '' for a quote within"),
    "predicate.too-long": ("the condition has more than {limit} words and signs", "split the question"),
    "predicate.too-deep": ("brackets are nested more than {limit} deep", "write it flatter"),
    "predicate.ended": ("the condition ends too early", "complete it after the last word"),
    "predicate.expected": ("'{wanted}' is expected before '{words}'", "complete the condition"),
    "predicate.expected-connector": (
        "AND, OR or the end is expected before '{words}'",
        "join conditions with AND",
    ),
    "predicate.expected-field": (
        "a field is expected, not '{words}'",
        "begin with a field: months_paid < 180",
    ),
    "predicate.expected-comparison": (
        "a comparison is expected, not '{words}'",
        "use =, <>, <, <=, >, >=, IN, BETWEEN or IS NULL",
    ),
    "predicate.expected-value": (
        "a value is expected, not '{words}'",
        "write a number, a 'text', a :parameter or a field",
    ),
    "predicate.function": ("'{words}(...)': functions are not allowed", "compare fields with values only"),
    "predicate.foreign-sign": ("'{words}' is no comparison", "write {sign}"),
    "predicate.mixed": ("AND and OR stand side by side", "put brackets around what belongs together"),
    "predicate.double-not": ("NOT stands twice", "leave both out"),
    "predicate.null": ("a comparison with NULL is never true", "write IS NULL or IS NOT NULL"),
    "predicate.unknown-field": (
        "there is no field '{words}'",
        "fields of this dataset: {fields}; text stands in single quotes",
    ),
    "predicate.unknown-placeholder": (
        "':{name}' is neither a parameter nor a claim of this question",
        "declare it under 'parameters:' or 'claims:'",
    ),
    "predicate.types": ("'{field}' is {type} and '{words}' is {other}", "compare fields of one type"),
    "predicate.order": (
        "{sign} does not fit '{field}', which is {type}",
        "only integers and dates are ordered",
    ),
    "predicate.identifier": (
        "the identifier '{field}' can only be compared with a claim",
        "declare a claim and write {field} = :claim",
    ),
    "predicate.claim-equality": (
        "the claim ':{claim}' can only be compared with =, and not under NOT",
        "ask for what the claim equals",
    ),
    "predicate.claim-type": (
        "a claim cannot be compared with '{field}', which is {type}",
        "use a parameter with closed choices",
    ),
    "predicate.in-placeholder": ("IN lists literals only, not '{words}'", "write the values out"),
    "literal.integer": ("'{field}' is an integer and {words} is none", "write digits, such as 180"),
    "literal.enum": ("{words} is no value of '{field}'", "its values: {values}"),
    "literal.date": ("{words} is no date", "write it as 2026-01-31, in quotes within a condition"),
    "literal.region": ("{words} is no region code", "write 6, 9 or 12 digits without needless zeros"),
    "literal.text": (
        "this text cannot be compared with",
        "at most {limit} characters, no backslash, nothing unprintable",
    ),
    "literal.quote": ("'{field}' is {type}: its values are text", "put '{words}' into single quotes"),
    "literal.unquote": ("'{field}' is an integer: its values have no quotes", "delete the quotes"),
    # Holiday files.
    "holidays.date": (
        "'{words}' is no date and no span of dates",
        "write 2027-10-01, or the first and the last day as 2027-10-01/2027-10-07, at most {limit} days",
    ),
    "holidays.twice": ("{date} stands here again, first in '{other}'", "keep one of the two"),
    "holidays.worked-anyway": (
        "{date} is a working day already",
        "correct the date: only a day that would be off is made up for",
    ),
    "holidays.nothing-listed": (
        "{year} is called complete, but no day of it is listed",
        "list its days off and make-up days, or take the year out",
    ),
    # Rules.
    "rule.id-twice": ("the rule id '{id}' stands twice", "give each rule its own id"),
    "rule.unknown-question": ("there is no question '{name}'", "allow questions of this dataset only"),
    "rule.to-empty": (
        "the rule does not say to whom",
        "add departments, groups, levels, regions, or 'any: true'",
    ),
    "rule.to-any": ("'any' stands beside other conditions", "keep 'any: true' alone, or delete it"),
    "rule.effective-empty": (
        "neither 'from' nor 'until' is given",
        "write one of them, or delete 'effective:'",
    ),
    "rule.effective-order": ("the rule ends before it begins", "write a day that is not before 'from'"),
    "rule.scope-region": (
        "the dataset does not say where a subject belongs, so there is no own area (Decree 809, Art. 24)",
        "add a field of type region, or delete 'scope:'",
    ),
    "combination.id-twice": ("the id '{id}' stands twice", "give each combination its own id"),
    "combination.question-twice": ("the question '{name}' stands twice", "keep one of the two"),
    "combination.question": (
        "the dataset '{dataset}' has no question '{name}'",
        "write dataset/question, with one of its questions: {known}",
    ),
    "combination.provider": (
        "'{name}' and '{other}' are of different providers, who do not know of each other's answers",
        "combine questions of one provider",
    ),
    "combination.subject": (
        "'{name}' and '{other}' are about subjects of different types",
        "combine questions about people, or questions about organisations",
    ),
    "combination.statistic": (
        "'{name}' is a statistic, which is about no single subject",
        "combine 'verify' and 'field' questions only; statistics are held by their budget",
    ),
    "rule.hours": ("'{words}' are no hours", 'write "08:30-17:30"; past midnight, write two rules'),
    "rule.case-number": (
        "'{words}' is no form of a case number",
        "letters, digits and . / - stand for themselves, # for a digit, @ for a capital letter, * for more",
    ),
    # Tables of tests.
    "table.time": ("'{words}' is no time", "write 2026-11-23T10:00, with a zone or by the node's clock"),
    "table.reason": ("'{words}' is no reason of a denial", "write one such as PURPOSE_NOT_ALLOWED"),
    "table.clause": (
        "'{words}' is no clause of a decision",
        "take the name from 'dxnode policy explain --json', such as for or when.hours",
    ),
    "table.missing": ("nothing says '{key}' of this row", "add '{key}' to it, or to 'defaults'"),
    "table.department": (
        "'{words}' is no department of this table and no credit code",
        "list it under 'departments', or write its credit code",
    ),
    "table.region": ("the '{key}' of this row has no region code", "write 6, 9 or 12 digits of GB/T 2260"),
    "table.permit-why": (
        "the row does not say by which rule it is permitted",
        "add 'rule', so that it fails when another rule permits",
    ),
    "table.deny-why": (
        "the row does not say why it is denied",
        "add 'reason' or 'clause', so that it fails when it is denied for something else",
    ),
    "table.not-here": ("'{key}' says nothing of a row that expects {expect}", "delete '{key}'"),
    "table.after": ("the policy has no question '{name}'", "write the name of a question answered before"),
    "table.rule": ("the policy has no rule '{words}'", "write one of {known}"),
}
