"""The audit trail: what of it staff look for, and each entry as people read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import seasons
from app.commerce.office import trail_words as words
from app.commerce.orders import words as order_words
from app.identity.models import User
from app.kernel import formats
from app.kernel.i18n import SOURCE_LOCALE, current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language
from app.system.models import AuditEntry

PAGE = 50
MOST = 100
LONGEST = 200  # characters of a value that are shown
PLACES = {
    "group": "/amministrazione/ordini/",
    "product": "/amministrazione/prodotti/",
    "producer": "/amministrazione/produttori/",
    "mail": "/amministrazione/posta/",
    "transfer": "/amministrazione/ordini/",
}


@dataclass(frozen=True)
class Wanted:
    """search: in a person, a deed in words or by its raw name, an id, a request. since and until: half-open, UTC."""

    search: str = ""
    entity: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Change:
    """A field before and after, in words; "" where there was or is nothing."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Line:
    """An entry in the reader's language. who: a name, or "" for nobody. url: of what it is about, or ""."""

    at: datetime
    who: str
    role: str
    deed: str
    entity: str
    entity_id: str
    url: str
    changes: Sequence[Change]
    request: str


async def page(db: AsyncSession, shop: ShopFacts, wanted: Wanted, number: int) -> list[Line]:
    """Newest first, one page and one more, in one statement."""
    found = _found(wanted).order_by(AuditEntry.id.desc()).limit(PAGE + 1).offset((number - 1) * PAGE)
    return [_line(shop, entry, who) for entry, who in await db.execute(found)]


async def of(db: AsyncSession, shop: ShopFacts, numbers: Sequence[str]) -> list[Line]:
    """What was done to these orders, oldest first."""
    about = (AuditEntry.entity.in_(("order", "transfer", "group")), AuditEntry.entity_id.in_(numbers))
    found = _entries().where(*about).order_by(AuditEntry.id).limit(MOST)
    return [_line(shop, entry, who) for entry, who in await db.execute(found)]


def _entries() -> Select[AuditEntry, str | None]:
    return select(AuditEntry, User.name).outerjoin(User, User.id == AuditEntry.actor_id)


def _found(wanted: Wanted) -> Select[AuditEntry, str | None]:
    found = _entries()
    if wanted.search:
        deeds, last_parts, entities = words.named(wanted.search)
        columns = (User.name, User.email, AuditEntry.action, AuditEntry.entity_id, AuditEntry.request_id)
        found = found.where(
            or_(
                *(column.icontains(wanted.search, autoescape=True) for column in columns),
                AuditEntry.action.in_(deeds),
                AuditEntry.entity.in_(entities),
                *(AuditEntry.action.endswith(f".{part}", autoescape=True) for part in last_parts),
            )
        )
    if wanted.entity:
        found = found.where(AuditEntry.entity == wanted.entity)
    if wanted.since:
        found = found.where(AuditEntry.at >= wanted.since)
    if wanted.until:
        found = found.where(AuditEntry.at < wanted.until)
    return found


def _line(shop: ShopFacts, entry: AuditEntry, who: str | None) -> Line:
    names = dict.fromkeys((*entry.before, *entry.after))
    currency = str(entry.after.get("currency") or entry.before.get("currency") or shop.currency)

    def said(values: Mapping[str, Any], name: str) -> str:
        if name not in values:
            return ""
        code = words.CODES.get((entry.entity, name, str(values[name])))
        return str(code) if code else _value(shop, currency, name, values[name])

    changes = [Change(words.field(name), said(entry.before, name), said(entry.after, name)) for name in names]

    place = PLACES.get(entry.entity, "")
    return Line(
        entry.at,
        who or "",
        words.role(entry.actor_role),
        words.deed(entry.action),
        words.entity(entry.entity),
        entry.entity_id,
        f"{place}{_group(entry)}" if place else "",
        [change for change in changes if change.before or change.after],
        entry.request_id or "",
    )


def _group(entry: AuditEntry) -> str:
    """A transfer is known by its order's number, which begins with its group's."""
    return "-".join(entry.entity_id.split("-")[:3]) if entry.entity == "transfer" else entry.entity_id


def _value(shop: ShopFacts, currency: str, name: str, value: Any) -> str:
    """As people read it: yes and no, money, moments in the shop's time, texts in their language, states by name."""
    locale = current_locale()
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("sì") if value else _("no")
    if isinstance(value, int) and name == "season_mask":
        return seasons.months_text(value, locale) if seasons.is_seasonal(value) else _("sempre")
    if isinstance(value, int) and name.endswith("_minor"):
        return formats.money(value, currency, locale)
    if isinstance(value, list | Mapping):
        return _several(shop, currency, value)
    if name == "state" and value in order_words.STATES:
        return order_words.state(value)
    if name == "role":
        return words.role(str(value))
    moment = _moment(str(value))
    return formats.datetime(moment, locale, ZoneInfo(shop.time_zone)) if moment else _short(str(value))


def _several(shop: ShopFacts, currency: str, value: Sequence[Any] | Mapping[str, Any]) -> str:
    """A list, a text by language, or fields with their names."""
    if not isinstance(value, Mapping):
        return _short(", ".join(_value(shop, currency, "", each) for each in value))
    if SOURCE_LOCALE in value:
        return _short(in_language({key: str(text) for key, text in value.items()}, current_locale()))
    said = (f"{words.field(key)}: {_value(shop, currency, key, each)}" for key, each in value.items())
    return _short(", ".join(said))


def _moment(text: str) -> datetime | None:
    """A moment that was written down as one: with its time zone."""
    if "T" not in text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
