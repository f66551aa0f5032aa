"""The Chinese words of forms for the choices of a policy, by the choice (Decree 809, Art. 13 to 15, 22).

Catalogues as tables are written and read with them; in a policy they say which choice was meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Words = Mapping[str, str]

SHARING: Final[Words] = MappingProxyType(
    {"unconditional": "无条件共享", "conditional": "有条件共享", "not_shared": "不予共享"}
)
MODES: Final[Words] = MappingProxyType({"interface": "服务接口", "batch": "批量交换", "file": "文件下载"})
UPDATES: Final[Words] = MappingProxyType(
    {
        "realtime": "实时",
        "daily": "每日",
        "weekly": "每周",
        "monthly": "每月",
        "quarterly": "每季度",
        "yearly": "每年",
        "once": "一次性",
    }
)
FORMATS: Final[Words] = MappingProxyType(
    {
        "database": "数据库",
        "spreadsheet": "电子表格",
        "document": "电子文件",
        "image": "图形图像",
        "media": "流媒体",
        "other": "其他",
    }
)
SUBJECTS: Final[Words] = MappingProxyType({"resident_id": "身份证号", "credit_code": "统一社会信用代码"})
TYPES: Final[Words] = MappingProxyType(
    {"text": "文本", "integer": "整数", "date": "日期", "enum": "代码", "region": "行政区划", **SUBJECTS}
)
SENSITIVITIES: Final[Words] = MappingProxyType({"normal": "一般", "sensitive": "敏感", "identifier": "标识"})
LEVELS: Final[Words] = MappingProxyType(
    {"national": "国家级", "province": "省级", "city": "市级", "county": "县级", "town": "镇级"}
)
PERIODS: Final[Words] = MappingProxyType({"day": "日", "month": "月", "year": "年"})
FLAGS: Final[Words] = MappingProxyType({"true": "是", "false": "否"})


def code_of(words: Words, word: str) -> str:
    """The choice that a word is for, whatever blanks stand around it; what is unknown stays."""
    return next((code for code, each in words.items() if each == word.strip()), word)
