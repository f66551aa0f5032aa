"""What every grant is like, looked at by who issues one and by who is given one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from node.core.deciding.grant import Grant
from node.core.identity import holds_identifier, normalise_region
from node.core.messages.intent import is_grant_id
from node.core.names import MAX_NAME, is_name
from node.core.purpose import is_purpose_code
from node.core.role import ASKING_ROLES
from node.errors import NodeError, Reason

MAX_ITEMS: Final = 200
MAX_NOTE: Final = 500
MAX_OFFERED: Final = 10_000
"""Grants that one provider may tell a requester of, in every state: no more are looked at."""
_MOST_SUBJECTS: Final = 2**53


def check_grant(grant: Grant) -> None:
    """Raises NodeError(QUERY_INVALID) for a grant that no node issues, whatever its policies are."""
    if not grant.questions or not all(map(is_name, grant.questions)) or not is_name(grant.dataset):
        raise _invalid(
            "name questions of the dataset, each by itself, in small letters, digits and hyphens, at most "
            f"{MAX_NAME}"
        )
    if not grant.purposes or not all(is_purpose_code(purpose) for purpose in grant.purposes):
        raise _invalid("name purposes such as social-insurance/pension/deferral")
    if len(grant.questions) > MAX_ITEMS or len(grant.purposes) > MAX_ITEMS:
        raise _invalid(f"a grant has at most {MAX_ITEMS} questions and purposes")
    if not grant.roles or len(set(grant.roles)) < len(grant.roles) or set(grant.roles) - set(ASKING_ROLES):
        raise _invalid(f"name roles that may ask, each once: {', '.join(ASKING_ROLES)}")
    if grant.region and normalise_region(grant.region) != grant.region:
        raise _invalid("the region of the grant is malformed: give 6 digits of GB/T 2260")
    if not grant.valid_from < grant.valid_until or grant.subjects_per_day > _MOST_SUBJECTS:
        raise _invalid("the grant ends before it starts, or has ended: give other dates")
    texts = (grant.basis, grant.scenario)
    if not all(0 < len(text) <= MAX_NOTE for text in texts) or any(map(holds_identifier, texts)):
        raise _invalid(
            f"give legal basis and scenario, at most {MAX_NOTE} characters each, no identity number"
        )
    if len(grant.note) > MAX_NOTE or holds_identifier(grant.note):
        raise _invalid(f"the note has more than {MAX_NOTE} characters, or an identity number: shorten it")


def sound_grants(offered: Sequence[Grant], provider: str, requester: str) -> list[Grant]:
    """Those of a provider's grants that are its own, for the requester, and as they should be."""
    sound: dict[str, Grant] = {}
    for grant in offered[:MAX_OFFERED]:
        try:
            check_grant(grant)
        except NodeError:
            continue
        if (grant.provider, grant.requester) == (provider, requester) and is_grant_id(grant.id):
            sound.setdefault(grant.id, grant)
    return list(sound.values())


def _invalid(message: str) -> NodeError:
    return NodeError(Reason.QUERY_INVALID, message)
