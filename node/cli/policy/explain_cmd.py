"""`dxnode policy explain`: a dataset in sentences to sign, or one request clause by clause."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.analysis.statements.statement import Statement, statement_of
from node.cli.policy.explained_grant import counted, other_grant, read_grant, supposed_grant
from node.cli.policy.explanation_report import SUPPOSED, Explained, explanation_lines, explanation_view
from node.cli.policy.files import note_unread, read_files
from node.cli.policy.members import read_members
from node.cli.policy.names import UnknownName, datasets_called, unknown_names
from node.cli.policy.workdays_cmd import calendar_of
from node.cli.terminal.options import LevelOption, RoleOption, moment_from, parameters_from
from node.cli.terminal.output import Terminal, harmless, when
from node.cli.terminal.session import ConfigIfThere, settings_file, with_terminal
from node.core.deciding.explain import explain as explain_request
from node.core.identity import normalise_credit_code, normalise_region
from node.core.policy.bundle import MANIFEST
from node.core.policy.policy import Policies
from node.core.policy.request import Request, RequestingDepartment
from node.core.reading.build import build_policies
from node.errors import NodeError
from node.texts.wording import language, say, t

if TYPE_CHECKING:
    from node.core.directory.directory import Directory
    from node.core.policy.bundle import Manifest

_COUNTRY = "000000"


@with_terminal
def explain(
    terminal: Terminal,
    dataset: Annotated[str, typer.Argument(metavar="DATASET")],
    question: Annotated[str, typer.Argument(metavar="[QUESTION]", show_default=False)] = "",
    requester: Annotated[str, typer.Option("--requester", show_default=False)] = "",
    purpose: Annotated[str, typer.Option("--purpose", show_default=False)] = "",
    policies: Annotated[list[Path] | None, typer.Option("--policies", show_default=False)] = None,
    region: Annotated[str, typer.Option("--region", show_default=False)] = "",
    level: Annotated[LevelOption | None, typer.Option("--level", metavar="LEVEL", show_default=False)] = None,
    param: Annotated[list[str] | None, typer.Option("--param", show_default=False)] = None,
    claim: Annotated[list[str] | None, typer.Option("--claim", show_default=False)] = None,
    case: Annotated[str, typer.Option("--case", show_default=False)] = "",
    role: Annotated[RoleOption, typer.Option("--role", metavar="ROLE")] = RoleOption.CLERK,
    subjects: Annotated[int | None, typer.Option("--subjects", min=0, show_default=False)] = None,
    at: Annotated[str, typer.Option("--at", show_default=False)] = "",
    grant: Annotated[str, typer.Option("--grant", show_default=False)] = "",
    holidays: Annotated[Path | None, typer.Option("--holidays", show_default=False)] = None,
    directory: Annotated[Path | None, typer.Option("--directory", show_default=False)] = None,
    authority_key: Annotated[str, typer.Option("--authority-key", show_default=False)] = "",
    config: ConfigIfThere = None,
) -> None:
    """Say who may learn what of a dataset, or why one request would be permitted or denied."""
    given = policies or [Path("policies")]
    loaded = build_policies(read_files(given))
    note_unread(terminal, *given)
    if not question and (requester or purpose or grant):
        raise typer.BadParameter(t("statement.usage.question"))
    if question and not (purpose and (requester or grant)):
        raise typer.BadParameter(t("statement.usage.request"))
    members = read_members(directory, authority_key, config)
    if not question:
        _state(terminal, loaded, dataset, given, members)
        return
    real = read_grant(grant, config) if grant else None
    code = normalise_credit_code(requester) if requester or real is None else real.requester
    who = _requester(code, region, level, members)
    known = loaded.datasets[dataset].questions.get(question) if dataset in loaded.datasets else None
    statistic = known is not None and known.statistic is not None
    request = Request(
        requester=who.requester,
        dataset=dataset,
        question=question,
        parameters=tuple(parameters_from(param).items()),
        claims=frozenset(claim or ()),
        purpose=purpose,
        case_number=case,
        grant_id=real.id if real is not None else SUPPOSED,
        subjects=subjects if subjects is not None else 0 if statistic else 1,
        at=moment_from(at) if at else datetime.now(UTC),
        role=role.value,
        kind=known.kind if known is not None else None,
    )
    for unknown in unknown_names(loaded, request):
        terminal.note(say(unknown.wording))
    if real is not None and (other := other_grant(real, request)):
        terminal.note(other)
    covering = real or supposed_grant(request)
    explanation = explain_request(
        loaded, lambda _: covering, request, calendar_of(holidays, settings_file(config))
    )
    supposed = [t(f"explain.supposed.{key}") for key in who.supposed]
    if real is None:
        supposed.insert(0, t("explain.supposed.grant"))
    asked = loaded.get(request.dataset)
    explained = Explained(
        explanation,
        tuple(supposed),
        tuple(counted(explanation.decision, asked.budget if asked is not None else None)),
        _titles(members) or {},
    )
    lang = language()
    if terminal.json:
        terminal.document(explanation_view(explained, lang))
        return
    for line in explanation_lines(explained, lang):
        sys.stdout.write(harmless(line) + "\n")


@dataclass(frozen=True, slots=True)
class _Known:
    """The department that would ask, and which of its parts nothing tells."""

    requester: RequestingDepartment
    supposed: tuple[str, ...]


def _requester(code: str, region: str, level: LevelOption | None, members: Directory | None) -> _Known:
    """What the options say of a department, else the directory, else what is supposed."""
    member = members.members.get(code) if members is not None else None
    supposed = [
        part for part, given in (("region", region), ("level", level)) if not given and member is None
    ]
    return _Known(
        RequestingDepartment(
            code,
            normalise_region(region) if region else member.region if member is not None else _COUNTRY,
            level.value if level is not None else member.level if member is not None else "city",
            suspended=member is not None and member.suspended,
        ),
        tuple(supposed),
    )


def _state(
    terminal: Terminal, loaded: Policies, dataset: str, given: Sequence[Path], members: Directory | None
) -> None:
    policy = loaded.get(dataset)
    if policy is None:
        unknown = UnknownName("dataset", dataset, datasets_called(loaded))
        raise typer.BadParameter(say(unknown.wording))
    names = _titles(members)
    statement = statement_of(loaded, policy, names)
    bundle, fits = _bundle(given)
    digests = [t("statement.end.file", digest=policy.dataset.digest.hex())]
    digests.append(t("statement.end.policies", digest=loaded.digest.hex()))
    if bundle is not None and fits:
        manifest, digest = bundle
        start, end = when(manifest.valid_from), when(manifest.valid_until)
        digests.append(
            t("statement.end.bundle", version=manifest.version, start=start, end=end, digest=digest.hex())
        )
    terminal.result(
        {
            "dataset": statement.dataset,
            "title": statement.title,
            "sections": statement.sections,
            "dataset_digest": policy.dataset.digest,
            "policy_digest": loaded.digest,
            "bundle": {"version": bundle[0].version, "digest": bundle[1]} if bundle and fits else None,
        },
        *statement_lines(statement),
        *digests,
        "",
        t("statement.end.sign"),
    )
    if bundle is not None and not fits:
        terminal.note(t("statement.end.bundle-other"))
    if names is None:
        terminal.note(t("statement.end.names"))


def statement_lines(statement: Statement) -> list[str]:
    """A statement as numbered paragraphs."""
    lines = [statement.title, ""]
    numbers = t("statement.end.numbers").split()
    for number, section in zip(numbers, statement.sections, strict=False):
        lines.append(t("statement.end.section", number=number, title=section.title))
        for place, sentence in enumerate(section.sentences, 1):
            lines.append(t("statement.end.sentence", number=place, text=sentence.text))
            lines += [
                t("statement.end.part", number=part, text=text) for part, text in enumerate(sentence.parts, 1)
            ]
        lines.append("")
    return lines


def _titles(members: Directory | None) -> dict[str, str] | None:
    return {code: member.title for code, member in members.members.items()} if members is not None else None


def _bundle(given: Sequence[Path]) -> tuple[tuple[Manifest, bytes] | None, bool]:
    """The manifest beside the policies with its digest, and whether it is of these files."""
    from node.core.policy.bundle import MAX_BYTES, bundle_digest, check_content, render_manifest
    from node.documents.bundle_file import read_manifest
    from node.documents.bundle_folder import read_policies
    from node.files.text import read_text

    folder = given[0] if given[0].is_dir() else given[0].parent
    if not (folder / MANIFEST).is_file():
        return None, False
    manifest = read_manifest(read_text(folder / MANIFEST, MAX_BYTES))
    try:
        check_content(manifest, read_policies(folder))
    except NodeError:
        return (manifest, b""), False
    return (manifest, bundle_digest(render_manifest(manifest))), True
