"""The tables of texts, and the one renderer of what is said to people.

A table is a pair of files, `tables/NAME.en.toml` and `tables/NAME.zh.toml`. A key is the name of its table
and the place of the text there, with dots between: `error.crypto.key-damaged`. What has no table of its own
is in `text`. Tests hold that both languages have the same keys, that a text's placeholders are the arguments
that the code gives, and that no text is left unused.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import Final, Literal, Self

from node.texts.message import Message, Value

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
_SEPARATORS: Final[Mapping[str, tuple[str, str]]] = {"en": (", ", "; "), "zh": ("、", "；")}
"""Between the words of a list, and between the messages of one."""
_COLONS: Final[Mapping[str, str]] = {"en": ": ", "zh": "："}
"""Between what something is called and what it is."""

CHINA: Final = timezone(timedelta(hours=8))
"""China has one time zone without summer time."""

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
    """One table, flattened to dotted keys without its name."""
    file = files("node.texts").joinpath("tables", f"{name}.{lang}.toml")
    flat: dict[str, str] = {}
    _flatten("", tomllib.loads(file.read_text("utf-8")), flat)
    return flat


@cache
def _names() -> frozenset[str]:
    return frozenset(file.name.partition(".")[0] for file in files("node.texts").joinpath("tables").iterdir())


def _flatten(prefix: str, tree: Mapping[str, object], into: dict[str, str]) -> None:
    for key, value in tree.items():
        if isinstance(value, dict):
            _flatten(f"{prefix}{key}.", value, into)
        else:
            into[prefix + key] = str(value)


def find(key: str, lang: str) -> str | None:
    """The text of a key, placeholders and all; None for a key that no table has."""
    name, _, rest = key.partition(".")
    return table(name, lang).get(rest) if name in _names() else table("text", lang).get(key)


def placeholders(text: str) -> frozenset[str]:
    """The names of a text's placeholders."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def can_say(message: Message) -> bool:
    """Whether there is a text for the key, and an argument for each placeholder."""
    text = find(message.key, "en")
    return text is not None and placeholders(text) <= message.args.keys()


class _Forms(string.Formatter):
    """`{count:row|rows}` is "1 row" or "2 rows"; `{count:~has|have}` is the word without the number."""

    def format_field(self, value: object, format_spec: str) -> str:
        one, parts, many = format_spec.partition("|")
        if not parts:
            return format(value, format_spec)
        word = one.removeprefix("~") if str(value) == "1" else many
        return word if one.startswith("~") else f"{value} {word}"


_FORMS: Final = _Forms()


def t(key: str, lang: str | None = None, /, **args: object) -> str:
    """The text of `key` in `lang` (by default the one spoken now), with `{placeholders}` filled in.

    Raises KeyError for a key that is not in a table: a defect, found by the tests.
    """
    text = find(key, lang or language())
    if text is None:
        raise KeyError(key)
    return _FORMS.vformat(text, (), args)


def listing(values: Iterable[str], lang: str | None = None) -> str:
    """Words in a row."""
    return _SEPARATORS[lang or language()][0].join(values)


def sentences(values: Iterable[str], lang: str | None = None) -> str:
    """Sentences, or parts of one that hold commas, in a row."""
    return _SEPARATORS[lang or language()][1].join(values)


def labelled(label: str, value: object, lang: str | None = None) -> str:
    """What something is called, and what it is."""
    return f"{label}{_COLONS[lang or language()]}{value}"


def when(moment: datetime) -> str:
    """A time as everything that is shown has it: in China's time, with its offset."""
    return moment.astimezone(CHINA).isoformat(" ", "seconds")


def say(message: Message, lang: str | None = None) -> str:
    """A message in `lang` (by default the one spoken now).

    What cannot be worded is its key: an error is never lost over what is said of it. Tests hold that it can.
    """
    spoken = lang or language()
    try:
        args = {name: _spoken(value, spoken) for name, value in message.args.items()}
        if args.get("peer_title"):  # people know departments by their names
            args["peer"] = t("label.named", spoken, title=args["peer_title"], code=args["peer"])
        return t(message.key, spoken, **args)
    except (LookupError, ValueError, TypeError, OverflowError):
        return message.key


def worded(value: Value, lang: str | None = None) -> str:
    """As `say`, for whatever fills a placeholder."""
    return str(_spoken(value, lang or language()))


def _spoken(value: Value, lang: str) -> str | int | float:
    if isinstance(value, Message):
        return say(value, lang)
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, tuple):
        between = _SEPARATORS[lang][any(isinstance(each, Message) for each in value)]
        return _Listed([str(_spoken(each, lang)) for each in value], between)
    return value


class _Listed(str):
    """Several in one line; `{name:lines}` puts each on a line of its own."""

    _each: Sequence[str]

    def __new__(cls, each: Sequence[str], between: str) -> Self:
        listed = super().__new__(cls, between.join(each))
        listed._each = each
        return listed

    def __format__(self, form: str) -> str:
        return "\n".join(self._each) if form == "lines" else super().__format__(form)
