"""The contract of an order, frozen when it is placed: whatever is changed later, the buyer keeps what he agreed to.

Two parts: the text, shared by all orders under the same words, and what was ordered, as it was shown, in the buyer's
language. Each has the SHA-256 of its canonical JSON; the contract's, which stands on its PDF, covers both. Source:
law.md L22, L23 (artt. 49 and 51 Codice del consumo, art. 12 D.Lgs. 70/2003).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.commerce.orders import contract, parcels, queries, views
from app.commerce.orders.contract import Section
from app.commerce.orders.models import Contract, ContractText, OrderGroup
from app.commerce.orders.views import GroupView, ParcelView
from app.kernel import clock, formats
from app.kernel.i18n import gettext as _
from app.kernel.i18n import speaking
from app.kernel.tenancy import ShopFacts
from app.system import pages

CONDITIONS = "condizioni"  # the page with the conditions of sale
ATTACHED = "contract"  # to a mail: "contract:<id of the group>"
_ordered = TypeAdapter(GroupView)  # a new field of these views needs a default: old contracts lack it


@dataclass(frozen=True)
class Agreed:
    """A contract, to be written down. operator: name and ways to reach who runs the shop.

    sha256: "" of an order from before contracts were kept, whose words are today's.
    """

    locale: str
    operator: Sequence[str]
    sections: Sequence[Section]
    order: GroupView
    sha256: str
    made_at: datetime


def stands(group: OrderGroup) -> bool:
    """The order has been taken on: paid, or to be weighed or made before it is."""
    return group.paid_at is not None or group.authorized_at is not None


async def freeze(db: AsyncSession, shop: ShopFacts, group: OrderGroup) -> Contract:
    """Keep what is agreed. Within the transaction that places the order; its orders and lines are loaded."""
    now = clock.now()
    order, body = await _drawn_up(db, shop, group, now)
    text = await _kept_text(db, group.locale, body, now)
    ordered = _ordered.dump_python(order, mode="json")
    kept = Contract(
        group_id=group.id,
        text_id=text.id,
        ordered=ordered,
        sha256=fingerprint({"text": text.sha256, "ordered": ordered}),
        made_at=now,
    )
    db.add(kept)
    return kept


async def agreed(db: AsyncSession, shop: ShopFacts, group_id: int) -> Agreed:
    """The contract of a group. Of one from before contracts were kept: as it would be drawn up today, without hash."""
    kept = await db.scalar(select(Contract).where(Contract.group_id == group_id).options(selectinload(Contract.text)))
    if kept is not None:
        return _agreed(kept.text.locale, kept.text.body, _ordered.validate_python(kept.ordered), kept)
    group = await queries.with_orders(db, group_id)
    order, body = await _drawn_up(db, shop, group, clock.now())
    return _agreed(group.locale, body, order, None)


def _agreed(locale: str, body: dict[str, Any], order: GroupView, kept: Contract | None) -> Agreed:
    sections = [(heading, paragraphs) for heading, paragraphs in body["sections"]]
    made_at, sha256 = (kept.made_at, kept.sha256) if kept else (order.placed_at, "")
    return Agreed(locale, body["operator"], sections, order, sha256, made_at)


async def _drawn_up(
    db: AsyncSession, shop: ShopFacts, group: OrderGroup, now: datetime
) -> tuple[GroupView, dict[str, Any]]:
    """(what is ordered, the text) in the buyer's language."""
    joins = await parcels.numbers(db, group.orders)
    with speaking(group.locale):
        shown = views.group_view(shop, group, [], now, joins)
        # What moves later is no part of it: states, what happens next, and when
        boxes = [
            replace(parcel, state="", label="", timeline=(), arrival=views.promised(order, group, shop.time_zone))
            for parcel, order in zip(shown.parcels, group.orders, strict=True)
        ]
        order = replace(shown, state="", title="", next="", paid_at=None, parcels=boxes)
        return order, _text(shop, group.locale, [_reach(parcel) for parcel in boxes])


def _text(shop: ShopFacts, locale: str, sellers: Sequence[str]) -> dict[str, Any]:
    title, version, conditions = pages.plain(CONDITIONS, locale, shop)
    dated = _("%(title)s, versione del %(day)s", title=title, day=formats.date(version, locale))
    sections = [
        *contract.sections(shop, sellers),
        *((f"{dated}: {heading}" if heading else dated, paragraphs) for heading, paragraphs in conditions),
    ]
    legal = shop.legal
    numbers = [
        _("P. IVA %(number)s", number=legal.vat_number) if legal.vat_number else "",
        _("REA %(number)s", number=legal.rea) if legal.rea else "",
    ]
    return {
        "operator": [legal.company, legal.address, *numbers, legal.email, legal.phone],
        "sections": [[heading, list(paragraphs)] for heading, paragraphs in sections],
    }


async def _kept_text(db: AsyncSession, locale: str, body: dict[str, Any], now: datetime) -> ContractText:
    """The row of a text, which the first order under it writes."""
    sha256 = fingerprint(body)
    known = select(ContractText).where(ContractText.sha256 == sha256)
    if (text := await db.scalar(known)) is None:
        text = ContractText(sha256=sha256, locale=locale, body=body, first_at=now)
        try:
            async with db.begin_nested():
                db.add(text)
        except IntegrityError:  # somebody else orders under the new words at the same moment
            text = (await db.scalars(known)).one()
    return text


def fingerprint(content: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON: keys in order, no spaces, UTF-8."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _reach(parcel: ParcelView) -> str:
    """A seller on one line, as the addressee of a declaration."""
    return ", ".join([parcel.company, *(fact for _term, fact in parcel.seller_facts if fact)])
