"""Makes a copy of the package that is one revision of the schema newer, and uses all that is new in it.

Every message has a field more, which the copy fills wherever it builds one; there is another call, another
reason, and another key in the directory.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import grpc_tools  # type: ignore[import-untyped]
from support.places import ROOT

from node.core.revision import REVISION

LATER = REVISION + 1
MARK = "one revision later"
"""What stands in each field that is new."""
_PROTOS = ("exchange", "record", "grant", "usage_log", "catalogue", "error_reason")


def build(folder: Path) -> Path:
    """The copy's folder, to put on PYTHONPATH."""
    shutil.copytree(ROOT / "node", folder / "node", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "protos", folder / "protos")
    names = _extend_protos(folder / "protos" / "node" / "v1")
    _generate(folder)
    _fill(folder / "node", names)
    _extend_code(folder / "node")
    return folder


def _extend_protos(folder: Path) -> set[str]:
    """Give every message a field more; returns their names."""
    names: set[str] = set()
    field = f"  string later = 100 [(node.v1.since) = {LATER}];\n"
    for name in _PROTOS:
        path = folder / f"{name}.proto"
        text = path.read_text()
        if 'import "node/v1/revision.proto";' not in text:
            text = text.replace(
                "package node.v1;\n", 'package node.v1;\n\nimport "node/v1/revision.proto";\n', 1
            )
        names |= set(re.findall(r"^message (\w+) \{", text, re.MULTILINE))
        text = re.sub(r"^(message \w+ \{)(\}?)\n", rf"\1\n{field}\2\n", text, flags=re.MULTILINE)
        path.write_text(text)
    call = f"{{\n    option (node.v1.call_since) = {LATER};\n  }}\n"
    _change(
        folder / "grant.proto",
        ("service GrantService {\n", f"  rpc GetNews(ListGrantsRequest) returns (ListGrantsResponse) {call}"),
    )
    reason = f"[(node.v1.value_since) = {LATER}, (node.v1.value_before) = 20]"
    last = "  ERROR_REASON_INTERNAL = 71;\n"
    _change(folder / "error_reason.proto", (last, f"  ERROR_REASON_LATER = 99 {reason};\n"))
    return names


def _generate(folder: Path) -> None:
    protos = sorted(str(path) for path in (folder / "protos" / "node" / "v1").glob("*.proto"))
    include = Path(grpc_tools.__file__).parent / "_proto"
    made = ["--python_out", "--grpc_python_out"]
    arguments = [f"-I{folder / 'protos'}", f"-I{include}", *(f"{each}={folder}" for each in made), *protos]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *arguments], check=True)  # noqa: S603


def _fill(package: Path, names: set[str]) -> None:
    """Fill the field wherever a message is built."""
    built = re.compile(
        rf"\b((?:pb|rec|\w+_pb2)\.(?:{'|'.join(sorted(names))}|Receipt)|Receipt)\((?!\w+\)\s*:)"
    )
    for path in package.rglob("*.py"):
        if path.parent.name != "v1" and "demo" not in path.parts and "cli" not in path.parts:
            text = path.read_text()
            filled = built.sub(lambda found: f'{found[1]}(later="{MARK}", ', text)
            if filled != text:
                path.write_text(filled)


def _extend_code(package: Path) -> None:
    _change(
        package / "core" / "revision.py", (f"REVISION: Final = {REVISION}\n", f"REVISION = {LATER}\n", True)
    )
    _change(
        package / "core" / "directory" / "directory.py",
        ("    schema: Annotated[int,", '    slogan: str = "none"\n    schema: Annotated[int,', True),
        ("MappingProxyType({})\n", f'MappingProxyType({{"slogan": {LATER}}})\n', True),
    )
    _change(
        package / "errors.py",
        ("class Reason(IntEnum):\n", "    LATER = 99\n"),
    )
    _change(
        package / "core" / "deciding" / "clauses.py",
        ('"question.parameters", Reason.QUERY_INVALID', '"question.parameters", Reason.LATER', True),
    )
    _change(
        package / "rpc" / "grpc_status.py",
        ("(Reason.QUERY_INVALID, ", "(Reason.LATER, Reason.QUERY_INVALID, ", True),
    )
    _change(
        package / "rpc" / "exchange_service.py",
        (
            "    async def ListGrants(\n",
            "    async def GetNews(self, request, context):\n"
            "        return await self.ListGrants(request, context)\n\n"
            "    async def ListGrants(\n",
            True,
        ),
    )
    _change(
        package / "rpc" / "peer_client.py",
        (
            "        response = await self._call(provider, _LIST_GRANTS, ",
            "        await self._news(provider)\n"
            "        response = await self._call(provider, _LIST_GRANTS, ",
            True,
        ),
        (
            "    async def grants(",
            "    async def _news(self, provider):\n"
            "        news = Call.of(grant_pb2, 'GrantService', 'GetNews', grant_pb2.ListGrantsResponse)\n"
            "        try:\n"
            "            await self._call(provider, news, grant_pb2.ListGrantsRequest())\n"
            "            told = 'told'\n"
            "        except NodeError as error:\n"
            "            told = error.message\n"
            "        with open('news.txt', 'a') as file:\n"
            "            file.write(f'{provider} {told}\\n')\n\n"
            "    async def grants(",
            True,
        ),
    )


def _change(path: Path, *changes: tuple[str, str] | tuple[str, str, bool]) -> None:
    """Put a text behind another or, with True, in its place; the other has to be there."""
    text = path.read_text()
    for change in changes:
        old, new = change[0], change[1]
        assert old in text, f"{path.name} has no {old!r} any more"
        text = text.replace(old, new if len(change) == 3 else old + new, 1)
    path.write_text(text)
