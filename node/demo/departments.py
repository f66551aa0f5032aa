"""Who is in the demo city: five departments, the authority, and the grants between them."""

from __future__ import annotations

from dataclasses import dataclass

REGION = "441900"


@dataclass(frozen=True, slots=True)
class Department:
    """One member of the directory; `name` is also the name of its folder."""

    name: str
    code: str
    zh: str
    en: str
    datasets: tuple[str, ...] = ()
    authority: bool = False

    def title(self, language: str) -> str:
        """What it is called."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class PlannedGrant:
    """A grant that a provider issues when the city starts; departments by name."""

    provider: str
    requester: str
    dataset: str
    questions: tuple[str, ...]
    purposes: tuple[str, ...]
    basis: str
    scenario: str


AUTHORITY = Department(
    "authority", "1144190000000006X2", "政务服务数据管理局", "Data Authority", authority=True
)

DEPARTMENTS = (
    Department(
        "human-resources",
        "11441900000000019Y",
        "人力资源和社会保障局",
        "Human Resources",
        ("pension-insurance",),
    ),
    Department(
        "medical-insurance", "11441900000000027R", "医疗保障局", "Medical Insurance", ("medical-insurance",)
    ),
    Department("tax", "11441900000000035L", "税务局", "Tax", ("tax-payment",)),
    Department("education", "11441900000000043F", "教育局", "Education", ("diploma",)),
    Department(
        "market-regulation",
        "11441900000000051A",
        "市场监督管理局",
        "Market Regulation",
        ("business-licence",),
    ),
    AUTHORITY,
)

GRANTS = (
    PlannedGrant(
        provider="human-resources",
        requester="tax",
        dataset="pension-insurance",
        questions=("deferral-eligible", "months-at-least", "contribution-band"),
        purposes=("social-insurance/pension",),
        basis="《社会保险法》第十六条",
        scenario="社保延缴一件事",
    ),
    PlannedGrant(
        provider="medical-insurance",
        requester="tax",
        dataset="medical-insurance",
        questions=("is-enrolled", "name-matches"),
        purposes=("social-insurance/pension/deferral",),
        basis="《社会保险法》第二十七条",
        scenario="社保延缴一件事",
    ),
    PlannedGrant(
        provider="market-regulation",
        requester="tax",
        dataset="business-licence",
        questions=(
            "company-name",
            "registration-year",
            "capital-band",
            "legal-representative-matches",
            "legal-representative-masked",
        ),
        purposes=("business/company-opening",),
        basis="《市场主体登记管理条例》",
        scenario="企业开办一件事",
    ),
    PlannedGrant(
        provider="education",
        requester="human-resources",
        dataset="diploma",
        questions=("diploma-matches",),
        purposes=("employment/recruitment",),
        basis="《事业单位公开招聘人员暂行规定》",
        scenario="公开招聘资格审查",
    ),
    PlannedGrant(
        provider="medical-insurance",
        requester="human-resources",
        dataset="medical-insurance",
        questions=("maternity-covered",),
        purposes=("social-insurance/maternity",),
        basis="《社会保险法》第五十四条",
        scenario="生育津贴免申即享",
    ),
    PlannedGrant(
        provider="human-resources",
        requester="authority",
        dataset="pension-insurance",
        questions=("enrolled-by-region",),
        purposes=("city-planning",),
        basis="《城乡规划法》第二十五条",
        scenario="城市运行数字体征",
    ),
)


def department(name: str) -> Department:
    """The department of that name. Raises KeyError."""
    return _BY_NAME[name]


_BY_NAME = {each.name: each for each in DEPARTMENTS}
