"""What the command line says, in English and Chinese, from the tables under messages/."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

_current: ContextVar[Language] = ContextVar("language", default="en")


def detect_language(environ: Mapping[str, str]) -> Language:
    """What the environment asks for: DXNODE_LANG, and then as POSIX orders LC_ALL, LC_MESSAGES, LANG."""
    for name in ("DXNODE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def use_language(language: str) -> None:
    """Speak `language` from here on in this context; English for one that is not known."""
    _current.set("zh" if language == "zh" else "en")


def language() -> Language:
    """The language spoken now."""
    return _current.get()


@cache
def table(name: str, lang: str) -> Mapping[str, str]:
    """One table, "text" or "help", flattened to dotted keys."""
    content = files("node.core.text").joinpath("messages", f"{name}.{lang}.toml").read_text("utf-8")
    flat: dict[str, str] = {}
    _flatten("", tomllib.loads(content), flat)
    return flat


def _flatten(prefix: str, tree: Mapping[str, object], into: dict[str, str]) -> None:
    for key, value in tree.items():
        if isinstance(value, dict):
            _flatten(f"{prefix}{key}.", value, into)
        else:
            into[prefix + key] = str(value)


def t(key: str, lang: str | None = None, **args: object) -> str:
    """The text of `key` in `lang` (by default the one spoken now), with `{placeholders}` filled in.

    Raises KeyError for a key that is not in the table: a defect, found by the tests.
    """
    return table("text", lang or language())[key].format(**args)
