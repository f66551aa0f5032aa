"""Reads a workbook from its standard input and writes the rows of one sheet as lines of JSON.

The first line has the names of the sheets and what is wrong, "" if nothing is; each further one is a row that
is not empty. `workbook_rows` starts it as a program of its own, which runs out of memory or time alone.
"""

from __future__ import annotations

import datetime
import io
import json
import resource
import sys
from typing import Final

from node.core.id_column import number_text
from node.no_dumps import forbid_dumps

MEMORY_BYTES: Final = 2048 << 20
SECONDS: Final = 300


def main() -> int:
    """Run; the exit code is 0 unless the memory or time did not suffice."""
    forbid_dumps()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    sheets: list[str] = []
    wanted = sys.argv[1]
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        tables = [each for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
        sheets = [each.name for each in tables]
        if wanted:
            found = [each for each in sheets if each == wanted]
            problem = "" if found else "sheet"
        else:
            shown = [each.name for each in tables if each.visible == SheetVisibleEnum.Visible]
            found = [each for each in shown if workbook.get_sheet_by_name(each).height]
            problem = "several" if len(found) > 1 else ""
            sheets = found if problem else sheets
        rows = workbook.get_sheet_by_name(found[0]).iter_rows() if found and not problem else iter(())
    except PasswordError:
        return _say("password", sheets)
    except MemoryError:
        return 1
    except Exception:
        return _say("damaged", sheets)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what the library says of a file that it did not expect
            raise
        return _say("damaged", sheets)
    _say(problem, sheets)
    for row in rows:
        texts = [_text(cell) for cell in row]
        if any(texts):
            sys.stdout.write(json.dumps(texts) + "\n")
    sys.stdout.flush()
    return 0


def _say(problem: str, sheets: list[str]) -> int:
    sys.stdout.write(json.dumps({"problem": problem, "sheets": sheets}) + "\n")
    sys.stdout.flush()
    return 0


def _text(cell: object) -> str:
    """A cell as a CSV file would hold it; a day without the midnight that spreadsheets add."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, int | float):
        return number_text(float(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return str(cell.date())
    return str(cell)


if __name__ == "__main__":
    sys.exit(main())
