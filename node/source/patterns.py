"""Regular expressions of values in the form that the product keeps, for databases that check their own.

In the part of the syntax that PostgreSQL, MySQL, MariaDB and Python share; each is for a whole value.
`test_patterns` and `test_forms_in_sql` hold them to the readers.
"""

from __future__ import annotations

from typing import Final

_PROVINCE = "(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_ADDRESS = f"(?:{_PROVINCE}[0-9]{{4}}|9{_PROVINCE}[0-9]{{3}})"
_LEAP = "(?:0[48]|[2468][048]|[13579][26])"
_LEAP_OR_00 = "(?:[02468][048]|[13579][26])"
_THREE = "(?:[0-9]{2}[1-9]|[0-9][1-9][0-9]|[1-9][0-9]{2})"
_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})"


def _days(between: str) -> str:
    """Month and day, but for the 29th of February."""
    return (
        f"(?:(?:0[13578]|1[02]){between}(?:0[1-9]|[12][0-9]|3[01])"
        f"|(?:0[469]|11){between}(?:0[1-9]|[12][0-9]|30)"
        f"|02{between}(?:0[1-9]|1[0-9]|2[0-8]))"
    )


_BORN = f"(?:(?:18|19|20)[0-9]{{2}}{_days('')}|(?:(?:18|19){_LEAP}|20{_LEAP_OR_00})0229)"

RESIDENT_ID: Final = f"{_ADDRESS}{_BORN}[0-9]{{3}}[0-9X]"
"""But for the check character."""
OLD_RESIDENT_ID: Final = f"{_ADDRESS}(?:[0-9]{{2}}{_days('')}|{_LEAP}0229)[0-9]{{3}}"
"""15 digits."""
CREDIT_CODE: Final = "[1-9ANY][0-9A-HJ-NP-RTUWXY][0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}"
"""But for the check character."""
REGION: Final = f"(?:000000|{_PROVINCE}[0-9]{{4}}(?:(?:[0-9]{{3}})?{_THREE})?)"
DATE: Final = f"(?:{_YEAR}-{_days('-')}|(?:[0-9]{{2}}{_LEAP}|(?:0[48]|[2468][048]|[13579][26])00)-02-29)"
