"""A made-up catalogue as large as a province's: entries of many departments, as they publish them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from stdnum.cn import uscc

from node.v1 import catalogue_pb2 as pb

_PLACES = (
    "广州",
    "深圳",
    "珠海",
    "汕头",
    "佛山",
    "韶关",
    "湛江",
    "肇庆",
    "江门",
    "茂名",
    "惠州",
    "梅州",
    "汕尾",
    "河源",
    "阳江",
    "清远",
    "东莞",
    "中山",
    "潮州",
    "揭阳",
    "云浮",
)
_MATTERS = (
    ("基本养老保险", "pension insurance"),
    ("职工医疗保险", "medical insurance"),
    ("失业保险", "unemployment insurance"),
    ("企业登记", "enterprise register"),
    ("特种设备", "special equipment"),
    ("食品经营许可", "food business licence"),
    ("不动产权", "real estate"),
    ("婚姻登记", "marriage register"),
    ("低保对象", "minimum living allowance"),
    ("残疾人", "disabled persons"),
    ("道路运输从业资格", "road transport qualification"),
    ("机动车", "motor vehicles"),
    ("学籍", "school enrolment"),
    ("教师资格", "teacher qualification"),
    ("排污许可", "pollutant discharge permit"),
    ("水文监测", "hydrological monitoring"),
    ("气象灾害预警", "weather warnings"),
    ("建设工程施工许可", "construction permit"),
    ("医师执业", "physician practice"),
    ("个体工商户", "sole proprietors"),
)
_ASPECTS = (
    ("参保信息", "enrolment"),
    ("缴费记录", "payments"),
    ("证照信息", "certificates"),
    ("行政处罚信息", "administrative penalties"),
    ("变更信息", "changes"),
    ("年度检验结果", "annual inspection"),
    ("基础信息", "basic information"),
    ("名录", "list"),
    ("办理结果", "results"),
    ("监督检查记录", "inspections"),
)
_COMMON = (
    ("姓名", "name", "Name"),
    ("身份证号码", "id_number", "Identity number"),
    ("统一社会信用代码", "credit_code", "Unified social credit code"),
    ("联系电话", "telephone", "Telephone"),
    ("地址", "address", "Address"),
    ("发证机关", "issued_by", "Issuing authority"),
    ("发证日期", "issued_on", "Issued on"),
    ("有效期至", "valid_until", "Valid until"),
    ("状态", "status", "Status"),
    ("备注", "note", "Note"),
    ("更新时间", "updated_at", "Updated at"),
    ("行政区划代码", "region_code", "Region code"),
    ("数据来源", "source", "Source"),
    ("性别", "sex", "Sex"),
    ("出生日期", "born_on", "Date of birth"),
)
_PARTS = (
    "申请",
    "登记",
    "办理",
    "检查",
    "缴费",
    "许可",
    "处罚",
    "变更",
    "监测",
    "评定",
    "经营",
    "生产",
    "施工",
    "运输",
    "就业",
    "培训",
    "住所",
    "面积",
    "金额",
    "种类",
)
_KINDS = (
    "编号",
    "日期",
    "名称",
    "单位",
    "结果",
    "类别",
    "依据",
    "人员",
    "机构",
    "次数",
    "标准",
    "等级",
    "状态",
    "原因",
    "方式",
    "范围",
    "期限",
    "数量",
    "说明",
    "地点",
)
_LATIN = (
    "apply",
    "register",
    "handle",
    "inspect",
    "pay",
    "permit",
    "penalty",
    "change",
    "monitor",
    "assess",
    "operate",
    "produce",
    "build",
)
PURPOSES = tuple(
    f"{area}/{part}"
    for area in ("social-insurance", "market", "civil-affairs", "transport", "education", "environment")
    for part in ("check", "licence", "statistics", "supervision")
)


def departments(count: int) -> list[str]:
    """Valid credit codes of made-up departments."""
    bodies = (f"1144{number:04}{number * 7919 % 10**9:09}" for number in range(count))
    return [body + uscc.calc_check_digit(body) for body in bodies]


def entries(count: int, seed: int = 809) -> Iterator[pb.Dataset]:
    """So many entries with 4 to 20 data items each, the same ones for a seed."""
    random = Random(seed)  # noqa: S311 - a sample, no secret
    providers = departments(max(1, count // 40))
    for number in range(count):
        yield _entry(number, random, providers[number % len(providers)])


def _entry(number: int, random: Random, provider: str) -> pb.Dataset:
    place = random.choice(_PLACES)
    (matter, matter_en), (aspect, aspect_en) = random.choice(_MATTERS), random.choice(_ASPECTS)
    conditional = random.random() < 0.7
    entry = pb.Dataset(
        summary=pb.DatasetSummary(
            dataset=f"d-{number:05}",
            title=f"{place}市{matter}{random.choice(_PARTS)}{aspect}",
            title_en=f"{matter_en.capitalize()}: {aspect_en}",
            provider=provider,
            sharing=pb.SHARING_ATTRIBUTE_CONDITIONAL if conditional else pb.SHARING_ATTRIBUTE_UNCONDITIONAL,
            update=random.choice(("realtime", "daily", "monthly", "yearly")),
        ),
        level=2,
        personal=conditional,
        format="database",
        modes=["interface", "batch"],
        scope=f"{place}市各部门" if conditional else "",
        use=f"办理{matter}业务" if conditional else "",
        subject=pb.SubjectItem(field="id_number", type="resident_id"),
    )
    entry.fields.extend(_items(random, matter))
    if number % 6 == 0:
        entry.questions.add(
            name="is-valid", title="是否有效", title_en="Is it valid?", kind=pb.QUESTION_KIND_VERIFY
        )
        purposes = random.sample(PURPOSES, 2)
        entry.rules.add(id="window", allow=["is-valid"], levels=["city"], purposes=purposes)
    return entry


def _items(random: Random, matter: str) -> Iterator[pb.Field]:
    common = random.sample(_COMMON, random.randint(3, 9))
    for title, name, english in common:
        yield pb.Field(name=name, title=title, title_en=english, type="text", sensitivity="normal", level=2)
    for place in range(random.randint(1, 11)):
        part, kind = random.choice(_PARTS), random.choice(_KINDS)
        # Half of them are said of this matter alone, with a spelling of its own.
        own = f"{matter}{part}{kind}" if random.random() < 0.5 else f"{part}{kind}"
        name = f"{random.choice(_LATIN)}_{random.randint(1, 400)}_{place}"
        yield pb.Field(name=name, title=own, type="text", sensitivity="normal", level=2)
