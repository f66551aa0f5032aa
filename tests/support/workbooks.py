"""Workbooks as spreadsheets save them, in the smallest form that programs read."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias
from xml.sax.saxutils import escape

Cell: TypeAlias = str | int | float | None
Table: TypeAlias = Sequence[Sequence[Cell]]

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"


def xlsx(path: Path, sheets: Mapping[str, Table], hidden: Sequence[str] = ()) -> Path:
    """A workbook of Office Open XML; texts are texts, numbers are numbers, None is no cell."""
    return xlsx_of(path, {name: _rows(table) for name, table in sheets.items()}, hidden)


def xlsx_of(path: Path, sheets: Mapping[str, str], hidden: Sequence[str] = ()) -> Path:
    """The same of sheets whose rows are XML already."""
    listed = related = ""
    for number, name in enumerate(sheets, 1):
        state = "hidden" if name in hidden else "visible"
        listed += f'<sheet name="{name}" sheetId="{number}" state="{state}" r:id="r{number}"/>'
        related += _relation(f"r{number}", "worksheet", f"worksheets/s{number}.xml")
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": _relations(_relation("r1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(related),
    }
    for number, rows in enumerate(sheets.values(), 1):
        content = f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        parts[f"xl/worksheets/s{number}.xml"] = content
    return _packed(path, parts)


def _relations(inside: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def _relation(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'


def _rows(table: Table) -> str:
    rows = ""
    for number, row in enumerate(table, 1):
        cells = "".join(_cell(f"{chr(65 + column)}{number}", cell) for column, cell in enumerate(row))
        rows += f'<row r="{number}">{cells}</row>'
    return rows


def _cell(place: str, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    return f'<c r="{place}"><v>{cell!r}</v></c>'


def ods(path: Path, table: Table) -> Path:
    """A workbook of OpenDocument, of texts."""
    rows = ""
    for row in table:
        texts = (f"<text:p>{escape(str(cell))}</text:p>" for cell in row)
        cells = (f'<table:table-cell office:value-type="string">{each}</table:table-cell>' for each in texts)
        rows += f"<table:table-row>{''.join(cells)}</table:table-row>"
    names = " ".join(f'xmlns:{name}="{_OASIS}:{name}:1.0"' for name in ("office", "table", "text"))
    return _packed(
        path,
        {
            "mimetype": _ODS,
            "content.xml": f"<office:document-content {names}><office:body><office:spreadsheet>"
            f'<table:table table:name="A">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
            "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{_OASIS}:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS}"/></manifest:manifest>',
        },
    )


def _packed(path: Path, parts: Mapping[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            file.writestr(name, content, kind)
    return path
