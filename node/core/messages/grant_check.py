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
from node.texts.message import Value

MAX_ITEMS: Final = 200
MAX_NOTE: Final = 500
MAX_OFFERED: Final = 10_000
"""Grants that one provider may tell a requester of, in every state: no more are looked at."""
_MOST_SUBJECTS: Final = 2**53


def check_grant(grant: Grant) -> None:
    """Raises NodeError(QUERY_INVALID) for a grant that no node issues, whatever its policies are."""
    if not grant.questions or not all(map(is_name, grant.questions)) or not is_name(grant.dataset):
        raise _invalid("error.messages.grant-question-malformed", max_name=MAX_NAME)
    if not grant.purposes or not all(is_purpose_code(purpose) for purpose in grant.purposes):
        raise _invalid("error.messages.grant-purpose-malformed")
    if len(grant.questions) > MAX_ITEMS or len(grant.purposes) > MAX_ITEMS:
        raise _invalid("error.messages.grant-too-many-items", max_items=MAX_ITEMS)
    if not grant.roles or len(set(grant.roles)) < len(grant.roles) or set(grant.roles) - set(ASKING_ROLES):
        raise _invalid("error.messages.grant-role-unknown", asking_roles=", ".join(ASKING_ROLES))
    if grant.region and normalise_region(grant.region) != grant.region:
        raise _invalid("error.messages.grant-region-malformed")
    if not grant.valid_from < grant.valid_until or grant.subjects_per_day > _MOST_SUBJECTS:
        raise _invalid("error.messages.grant-validity")
    texts = (grant.basis, grant.scenario)
    if not all(0 < len(text) <= MAX_NOTE for text in texts) or any(map(holds_identifier, texts)):
        raise _invalid("error.messages.grant-basis", max_note=MAX_NOTE)
    if len(grant.note) > MAX_NOTE or holds_identifier(grant.note):
        raise _invalid("error.messages.grant-note", max_note=MAX_NOTE)


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


def _invalid(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.QUERY_INVALID, key, **args)
