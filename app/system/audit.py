"""The audit trail: who changed what, before and after, in the same transaction as the change."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.tenancy import Person
from app.system.models import AuditEntry

Deed = Callable[[AsyncSession, Person, str, object, Mapping[str, Any], Mapping[str, Any]], None]
_PERSONAL = frozenset(
    {"email", "name", "phone", "street", "city", "postal_code", "birth_date", "password_hash", "invoice", "note"}
)
# Their name is not a person's. Everything else that has one is masked, so that a new kind of row gives nothing away.
_THINGS = frozenset(
    {
        "campaign", "category", "customer_group", "pricing_rule", "producer", "product", "promotion", "shop",
        "stock_item", "synonyms", "tag", "variant", "vat_rate", "zone",
    }
)  # fmt: skip


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
            before=_masked(entity, before or {}),
            after=_masked(entity, after or {}),
            request_id=db.info.get("request_id"),
        )
    )


def by(
    db: AsyncSession,
    person: Person,
    action: str,
    row: tuple[str, object],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """What a person did; the system has no id. row: its kind and id."""
    entity, entity_id = row
    record(
        db,
        action=action,
        entity=entity,
        entity_id=entity_id,
        actor_id=person.id or None,
        actor_role=person.role,
        before=before,
        after=after,
    )


def recorder(entity: str) -> Deed:
    """The same for rows of one kind: (db, person, action, id, before, after)."""
    return lambda db, person, action, id_, before, after: by(db, person, action, (entity, id_), before, after)


def _masked(entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
    personal = _PERSONAL - {"name"} if entity in _THINGS else _PERSONAL
    return {key: "•••" if key in personal and value else value for key, value in values.items()}
