"""How much one request may hold, and a text of an answer: both sides of an exchange keep to the same."""

from __future__ import annotations

from typing import Final

MAX_SUBJECTS: Final = 1000
"""Of one request, and so of one chunk of a batch."""
SUBJECTS_CLAUSE: Final = "subjects"
"""What a request is refused for that is about more subjects than a node takes in one."""

MAX_PARAMETERS: Final = 8
MAX_PARAMETER: Final = 200
"""Characters of a parameter's value."""

MAX_CLAIMS: Final = 16
"""Of one subject."""
MAX_CLAIM_NAME: Final = 64
MAX_CLAIM: Final = 200
"""Characters of what is claimed."""

MAX_ANSWER: Final = 1000
"""Characters of a value; a provider loads no longer text, which is no data item but a document."""
