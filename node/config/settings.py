"""The settings of a node: what `node.yaml` may say, and within which bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from node.core.address import address_fault, nowhere
from node.core.bounds import MAX_SUBJECTS
from node.core.deadlines import LONGEST_CALL, Deadlines, least_call
from node.core.directory.spelling import (
    MAX_OFFICERS,
    MIN_APPROVALS,
    Code,
    Endpoint,
    Level,
    Region,
    Title,
    VerifierKey,
)
from node.core.messages.chunk_bound import MESSAGE_BYTES, ChunkBound
from node.core.purpose import is_purpose_code
from node.core.reading.document import Plain
from node.core.role import RoleRule
from node.errors import NodeError, Reason
from node.files.regular_file import read_regular
from node.files.socket_path import LONGEST, is_too_long
from node.files.text import decoded
from node.texts.message import Value

_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}")
_LISTEN = re.compile(r"(?:[0-9A-Za-z.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):([0-9]{1,5})")
_TABLE = re.compile(r"[^\W\d]\w{0,62}(\.[^\W\d]\w{0,62})?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
_QUESTIONS = re.compile(r"[a-z0-9*-]{1,64}/[a-z0-9*-]{1,64}")
_DATASET = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MAX_SECRET: Final = 4096


def _wrong(problem: str, **args: int) -> PydanticCustomError:
    """As `node.config.file` words it: the type is the key of a text, the context what it is filled with."""
    return PydanticCustomError(f"setting.problem.{problem}", "setting", dict(args))


def _integer(value: object) -> object:
    # Settings come as text from the file, as integers from a program.
    if isinstance(value, Plain) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, str | bool):
        raise _wrong("integer")
    return value


def _boolean(value: object) -> object:
    if isinstance(value, Plain) and value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise _wrong("boolean")
    return value


def _path(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str | Path) or not str(value):
        raise _wrong("path")
    base: Path | None = (info.context or {}).get("base")
    return base / value if base is not None else Path(value)


def _listen(text: str) -> str:
    if (fault := address_fault(text)) is not None:
        raise PydanticCustomError(fault, "address")
    if not _LISTEN.fullmatch(text):
        raise _wrong("address")
    return text


def _advertise(value: object) -> object:
    """Says what is wrong more closely than the directory does, which is read by what decides."""
    if not isinstance(value, str):
        return value
    if (fault := address_fault(value)) is not None:
        raise PydanticCustomError(fault, "address")
    if nowhere(value):
        raise _wrong("advertise-nowhere")
    return value


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        raise _wrong("zone") from None
    return text


def _matching(pattern: re.Pattern[str], problem: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise _wrong(problem)
        return text

    return AfterValidator(check)


def _purpose(text: str) -> str:
    if not is_purpose_code(text):
        raise _wrong("purpose")
    return text


def _url(text: str) -> str:
    """A database URL without a secret; never repeated in a message."""
    try:
        parts = urlsplit(text)
        password = parts.password
    except ValueError:
        raise _wrong("database-url") from None
    if not parts.scheme:
        raise _wrong("database-url")
    if password is not None or any("pass" in name.lower() for name, _ in parse_qsl(parts.query)):
        raise _wrong("password")
    return text


def _socket(path: Path) -> Path:
    if is_too_long(path):
        raise _wrong("socket", most=LONGEST)
    return path


def _unusable(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, key, **args)


FilePath = Annotated[Path, BeforeValidator(_path)]
Listen = Annotated[str, AfterValidator(_listen)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
Whole = Annotated[int, BeforeValidator(_integer)]
Purpose = Annotated[str, AfterValidator(_purpose)]
QuestionPattern = Annotated[str, _matching(_QUESTIONS, "question")]
DatasetName = Annotated[str, _matching(_DATASET, "dataset")]


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=True, hide_input_in_errors=True
    )


class Department(_Section):
    """Whose node this is; the directory says the same of it."""

    code: Code
    title: Title
    region: Region
    level: Level
    organisation: Title


class Exchange(_Section):
    """The port for other departments' nodes, which trust `roots` as the directory lists them."""

    listen: Listen = "0.0.0.0:8443"  # other departments must reach it
    advertise: Annotated[Endpoint, BeforeValidator(_advertise)]
    certificate: FilePath = Path("tls/exchange.pem")
    key: FilePath = Path("tls/exchange.key")
    roots: FilePath | None = None


class Desk(_Section):
    """The port and the Unix socket for the department's own staff and systems."""

    listen: Listen = "127.0.0.1:8444"
    socket: Annotated[FilePath, AfterValidator(_socket)] = Path("state/desk.sock")
    certificate: FilePath = Path("tls/desk.pem")
    key: FilePath = Path("tls/desk.key")
    roots: FilePath = Path("tls/desk-roots.pem")
    reflection: Boolean = False


class Source(_Section):
    """Where the data of one dataset are: in exactly one of a file or a database.

    A load with fewer rows than `least_rows_percent` of the last good one, or with more rows without a valid
    identifier than `most_invalid_percent`, is put aside until the operator accepts it.
    """

    csv: FilePath | None = None
    parquet: FilePath | None = None
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    url: Annotated[str, AfterValidator(_url)] | None = None
    url_file: FilePath | None = None
    url_env: Annotated[str, _matching(_VARIABLE, "variable")] | None = None
    table: Annotated[str, _matching(_TABLE, "table")] | None = None
    least_rows_percent: Annotated[Whole, Field(ge=0, le=100)] = 50
    most_invalid_percent: Annotated[Whole, Field(ge=0, le=100)] = 5
    _base: Path = PrivateAttr(Path())

    @model_validator(mode="after")
    def _keep_base(self, info: ValidationInfo) -> Self:
        self._base = (info.context or {}).get("base") or Path()
        return self

    @property
    def url_folder(self) -> Path:
        """From where a relative path in the database's URL counts: the folder of the file that names it.

        What a variable holds counts like what stands in the settings.
        """
        return self._base if self.url_file is None else self.url_file.parent

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        files = [name for name in ("csv", "parquet") if getattr(self, name) is not None]
        databases = [name for name in ("url", "url_file", "url_env") if getattr(self, name) is not None]
        if len(files) + len(databases) != 1:
            raise _wrong("one-place")
        if databases and self.table is None:
            raise _wrong("database-missing")
        if files and self.table is not None:
            raise _wrong("file-table")
        return self

    @model_validator(mode="before")
    @classmethod
    def _no_snapshot(cls, values: object) -> object:
        # What its query said left the node, and was a function of the data.
        if isinstance(values, Mapping) and "snapshot" in values:
            raise _wrong("snapshot")
        return values

    def database_url(self, environ: Mapping[str, str]) -> str:
        """The URL of the database, secret included. Raises NodeError(CONFIG_INVALID)."""
        if self.url is not None:
            return self.url
        if self.url_env is not None:
            if url := environ.get(self.url_env, ""):
                return url
            raise _unusable("error.config.variable-unset", url_env=self.url_env)
        if self.url_file is None:
            raise _unusable("error.config.no-database")
        try:
            url = decoded(read_regular(self.url_file, _MAX_SECRET), "strict").strip()
        except (OSError, UnicodeDecodeError):
            url = ""
        if not url:
            raise _unusable("error.config.url-file-unreadable", url_file=str(self.url_file))
        return url


class Role(_Section):
    """What callers of one role may ask; no `purposes` means every purpose that a grant allows."""

    questions: Annotated[list[QuestionPattern], Field(min_length=1, max_length=1000)]
    purposes: Annotated[list[Purpose], Field(max_length=1000)] = []


class Roles(_Section):
    """The roles that a desk certificate can carry. A role that is not listed may ask nothing."""

    clerk: Role | None = None
    system: Role | None = None
    officer: Role | None = None
    auditor: Role | None = None

    def rules(self) -> Mapping[str, RoleRule]:
        """The rule of each role that is listed."""
        return {
            name: RoleRule(tuple(role.questions), tuple(role.purposes))
            for name in type(self).model_fields
            if (role := getattr(self, name)) is not None
        }


class Limits(_Section):
    """Bounds on what peers and callers can make the node do."""

    message_bytes: Annotated[Whole, Field(ge=64 << 10, le=64 << 20)] = MESSAGE_BYTES
    concurrent: Annotated[Whole, Field(ge=1, le=10_000)] = 256
    peer_requests_per_second: Annotated[Whole, Field(ge=1, le=1_000_000)] = 2_000
    peer_burst: Annotated[Whole, Field(ge=1, le=1_000_000)] = 4_000
    peer_denials_per_minute: Annotated[Whole, Field(ge=1, le=1_000_000)] = 600
    deadline_seconds: Annotated[Whole, Field(ge=1, le=LONGEST_CALL)] = 40
    source_seconds: Annotated[Whole, Field(ge=1, le=600)] = 10
    source_check_seconds: Annotated[Whole, Field(ge=1, le=3_600)] = 60
    counts: Annotated[Whole, Field(ge=1, le=64)] = 2
    counts_waiting: Annotated[Whole, Field(ge=1, le=4_096)] = 256
    counts_waiting_each: Annotated[Whole, Field(ge=1, le=4_096)] = 64
    counts_wait_seconds: Annotated[Whole, Field(ge=1, le=600)] = 15
    chunk_subjects: Annotated[Whole, Field(ge=1, le=MAX_SUBJECTS)] = MAX_SUBJECTS
    batch_chunks: Annotated[Whole, Field(ge=1, le=1_000_000)] = 10_000
    clock_skew_seconds: Annotated[Whole, Field(ge=1, le=3_600)] = 300
    clock_jump_seconds: Annotated[Whole, Field(ge=1, le=120)] = 60
    clock_away_hours: Annotated[Whole, Field(ge=1, le=720)] = 24
    refusal_interval_seconds: Annotated[Whole, Field(ge=1, le=3_600)] = 60

    @property
    def chunk(self) -> ChunkBound:
        """About how many subjects a request may be."""
        return ChunkBound(self.chunk_subjects, self.message_bytes)

    @property
    def deadlines(self) -> Deadlines:
        """How long each waits for the next."""
        return Deadlines.of(self.deadline_seconds, self.source_seconds, self.counts_wait_seconds)

    @model_validator(mode="after")
    def _outer_is_longer(self) -> Self:
        if not self.deadlines.fit:
            least = least_call(self.source_seconds, self.counts_wait_seconds)
            if least is None:
                raise _wrong("source-too-slow", most=LONGEST_CALL)
            raise _wrong("deadline-too-short", least=least)
        return self


class Log(_Section):
    """How the usage log is signed, and how long openings are kept (Art. 29: three years at the least)."""

    cosign_every_records: Annotated[Whole, Field(ge=1, le=10_000_000)] = 10_000
    cosign_every_seconds: Annotated[Whole, Field(ge=1, le=86_400)] = 600
    retention_years: Annotated[Whole, Field(ge=3, le=100)] = 3


class PolicySettings(_Section):
    """What the node enforces, and whose approval it needs.

    Without `unsigned`, that is the bundle that `dxnode policy activate` put in place. `unsigned` is for
    development: all files in `folder` are enforced as they stand. `officers` is a folder of verifier keys,
    one a file, and `approvals` how many of the people must sign, for the directory to say.
    """

    folder: FilePath = Path("policies")
    unsigned: Boolean = False
    officers: FilePath = Path("officers")
    approvals: Annotated[Whole, Field(ge=MIN_APPROVALS, le=MAX_OFFICERS)] = MIN_APPROVALS


class Settings(_Section):
    """All of `node.yaml`."""

    department: Department
    authority: VerifierKey
    directory: FilePath = Path("directory.note")
    state: FilePath = Path("state")
    mark: FilePath = Path("mark")
    keys: FilePath = Path("keys")
    policies: PolicySettings
    holidays: FilePath | None = None
    exchange: Exchange
    desk: Desk
    sources: Annotated[dict[DatasetName, Source], Field(max_length=1000)] = {}
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    roles: Roles = Roles()
    limits: Limits = Limits()
    log: Log = Log()

    @model_validator(mode="before")
    @classmethod
    def _desk_in_place(cls, values: object) -> object:
        # A default instance would keep paths that are not resolved.
        return {"desk": {}, "policies": {}, **values} if isinstance(values, Mapping) else values

    @model_validator(mode="after")
    def _mark_apart(self) -> Self:
        if self.mark.absolute().is_relative_to(self.state.absolute()):
            raise _wrong("mark-inside-state")
        return self

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        if self.exchange.listen == self.desk.listen and not self.desk.listen.endswith(":0"):
            raise _wrong("ports-same")
        return self
