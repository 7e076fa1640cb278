"""The audit trail: who changed what, before and after, in the same transaction as the change."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.system.models import AuditEntry

_PERSONAL = frozenset(
    {"email", "name", "phone", "street", "city", "postal_code", "birth_date", "password_hash", "invoice", "note"}
)


def record(
    db: AsyncSession,
    *,
    action: str,
    entity: str,
    entity_id: object,
    actor_id: int | None,
    actor_role: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry to the present transaction. Personal fields are masked: that they changed is told, not to what."""
    db.add(
        AuditEntry(
            at=clock.now(),
            actor_id=actor_id,
            actor_role=actor_role,
            action=action,
            entity=entity,
            entity_id=str(entity_id),
            before=_masked(before or {}),
            after=_masked(after or {}),
            request_id=db.info.get("request_id"),
        )
    )


def _masked(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: "•••" if key in _PERSONAL and value else value for key, value in values.items()}
