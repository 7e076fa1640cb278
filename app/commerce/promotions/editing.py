"""Making, changing and stopping promotions, their codes, and groups of customers. Within a transaction, audited.

owner: the producer at whose desk it is done, None for staff.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Product, Variant
from app.commerce.promotions import buyers, models, queries, windows
from app.commerce.promotions.models import CustomerGroup, CustomerGroupMember, Promotion, PromotionCode
from app.kernel import clock
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.system import audit, page_drops

_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that looks like another
_LENGTH = 8  # 31⁸, about 9 × 10¹¹: nobody guesses one of a few thousand
_TOLD = (
    "kind", "amount_minor", "percent", "cap_minor", "minimum_minor", "customers", "lane", "shop_share", "limit_total",
    "limit_buyer", "limit_day", "needs_code", "priority", "is_exclusive", "producers", "categories", "products",
)  # fmt: skip
_UNTOLD = frozenset({"title", "shop_share"})  # nobody pays another price because of these
_record = audit.recorder("promotion")


async def make(
    db: AsyncSession, person: Person, owner: int | None, columns: Mapping[str, Any], code: str = ""
) -> Promotion:
    """A new promotion, with a code that everybody may use if one is given. Raises Refused beside its field."""
    promotion = Promotion(producer_id=owner, made_by=person.id, made_at=clock.now(), **_owned(owner, columns))
    await _check_goods(db, owner, promotion)
    db.add(promotion)
    await db.flush()
    if promotion.needs_code and code:
        await _add_code(db, promotion, code)
    _record(db, person, "promotion.made", promotion.id, {}, _told(promotion))
    await _on_pages(db, promotion)
    return promotion


async def change(
    db: AsyncSession, person: Person, owner: int | None, promotion_id: int, columns: Mapping[str, Any], code: str = ""
) -> Promotion:
    """Orders that were placed keep what they got. Raises NotFound, Refused.

    What has made everybody's prices stays in their history: it ends now, and what is returned takes its place.
    """
    promotion = await queries.one(db, owner, promotion_id, lock=True)
    before, values = _told(promotion), _owned(promotion.producer_id, columns)
    await _on_pages(db, promotion)
    if _is_history(promotion, values):
        promotion = await _replaced(db, person, promotion, values)
    else:
        for name, value in values.items():
            setattr(promotion, name, value)
    await _check_goods(db, promotion.producer_id, promotion)
    if promotion.needs_code and code:
        await _add_code(db, promotion, code)
    after = _told(promotion)
    changed = {name for name in after if after[name] != before[name]}
    _record(
        db,
        person,
        "promotion.changed",
        promotion.id,
        {name: before[name] for name in changed},
        {name: after[name] for name in changed},
    )
    await db.flush()
    await _on_pages(db, promotion)
    return promotion


def _is_history(promotion: Promotion, values: Mapping[str, Any]) -> bool:
    """Would the change say that everybody had paid other prices than they did?"""
    if not windows.has_begun(promotion, clock.now()):
        return False
    is_other = any(getattr(promotion, name) != value for name, value in values.items() if name not in _UNTOLD)
    after = Promotion(**{**windows.columns(promotion), **values})
    return is_other and (windows.makes_prices(promotion) or windows.makes_prices(after))


async def _replaced(db: AsyncSession, person: Person, old: Promotion, values: Mapping[str, Any]) -> Promotion:
    now = clock.now()
    fresh = {**windows.columns(old), **values, "made_by": person.id, "made_at": now}
    new = Promotion(**{name: value for name, value in fresh.items() if name != "id"})
    if old.state(now) in {"planned", "running"}:
        old.stopped_at = now
    db.add(new)
    await db.flush()  # the audit trail names it
    _record(db, person, "promotion.stopped", old.id, {}, {"replaced_by": new.id})
    return new


async def _on_pages(db: AsyncSession, promotion: Promotion) -> None:
    """Cards and pages of products say what everybody pays, and who waits for a lower price is told."""
    if windows.is_everybodys(promotion):
        await page_drops.drop(db, page_drops.EVERYTHING)
        add_job(db, "engagement.promotion", run_at=max(clock.now(), windows.begins(promotion)))


async def stop(db: AsyncSession, person: Person, owner: int | None, promotion_id: int) -> bool:
    """End it now. False if it was stopped already."""
    promotion = await queries.one(db, owner, promotion_id, lock=True)
    if promotion.stopped_at is not None:
        return False
    promotion.stopped_at = clock.now()
    _record(db, person, "promotion.stopped", promotion.id, {}, {})
    await _on_pages(db, promotion)
    return True


async def make_codes(
    db: AsyncSession, person: Person, owner: int | None, promotion_id: int, prefix: str, number: int
) -> int:
    """So many codes, each for one use; how many were made. Raises Refused for a promotion that takes no codes."""
    promotion = await queries.one(db, owner, promotion_id, lock=True)
    if not promotion.needs_code:
        raise Refused(_("Questa promozione vale da sola, senza codice."), "number")
    shown = {_random(prefix.upper()) for _place in range(number)}
    known = set(await db.scalars(select(PromotionCode.folded)))
    fresh = [code for code in sorted(shown) if buyers.folded(code) not in known]
    now = clock.now()
    await db.execute(
        insert(PromotionCode),
        [
            {
                "shop_id": db.info["shop_id"],
                "promotion_id": promotion.id,
                "code": code,
                "folded": buyers.folded(code),
                "limit_uses": 1,
                "used": 0,
                "made_at": now,
            }
            for code in fresh
        ],
    )
    _record(db, person, "promotion.codes_made", promotion.id, {}, {"number": len(fresh)})
    return len(fresh)


def record_download(db: AsyncSession, person: Person, promotion_id: int, number: int) -> None:
    """Who took the codes away."""
    _record(db, person, "promotion.codes_exported", promotion_id, {}, {"number": number})


async def save_group(db: AsyncSession, person: Person, name: str, emails: Sequence[str]) -> CustomerGroup:
    """A group by its name, with exactly these addresses."""
    group = await db.scalar(select(CustomerGroup).where(CustomerGroup.name == name).with_for_update(key_share=True))
    if group is None:
        group = CustomerGroup(name=name, made_at=clock.now())
        db.add(group)
        await db.flush()
    await db.execute(
        delete(CustomerGroupMember)
        .where(CustomerGroupMember.group_id == group.id)
        .execution_options(synchronize_session=False)
    )
    folded = sorted({email.lower() for email in emails})
    db.add_all(CustomerGroupMember(group_id=group.id, email=email) for email in folded)
    audit.by(db, person, "customer_group.saved", ("customer_group", group.id), {}, {"members": len(folded)})
    return group


def _owned(owner: int | None, columns: Mapping[str, Any]) -> dict[str, Any]:
    """A producer's promotion is for his own goods, and he pays it himself."""
    if owner is None:
        return dict(columns)
    customers = columns["customers"] if columns["customers"] != models.GROUP else models.ACCOUNT
    own: dict[str, Any] = {
        "producers": [],
        "shop_share": 0,
        "is_exclusive": False,
        "customers": customers,
        "customer_group_id": None,
    }
    return {**columns, **own}


async def _check_goods(db: AsyncSession, owner: int | None, promotion: Promotion) -> None:
    """The gift and the products exist, and are the owner's."""
    if promotion.kind == models.GIFT:
        maker = await db.scalar(
            select(Product.producer_id)
            .join(Variant, Variant.product_id == Product.id)
            .where(Variant.id == promotion.gift_variant_id, Variant.retired_at.is_(None), Product.deleted_at.is_(None))
        )
        if maker is None or owner not in {None, maker}:
            raise Refused(_("Scegli una delle voci proposte"), "gift_variant_id")
    if owner is not None and promotion.products:
        own = set(await db.scalars(select(Product.id).where(Product.producer_id == owner)))
        if not own.issuperset(promotion.products):
            raise Refused(_("Scegli una delle voci proposte"), "products")


async def _add_code(db: AsyncSession, promotion: Promotion, code: str) -> None:
    folded = buyers.folded(code)
    known = await db.scalar(select(PromotionCode.promotion_id).where(PromotionCode.folded == folded))
    if known == promotion.id:
        return
    taken = Refused(_("Questo codice c’è già: scegline un altro."), "code")
    if known is not None or not folded:
        raise taken
    try:
        async with db.begin_nested():
            db.add(PromotionCode(promotion_id=promotion.id, code=code.upper(), folded=folded, made_at=clock.now()))
    except IntegrityError as race:
        raise taken from race


def _random(prefix: str) -> str:
    random = "".join(secrets.choice(_SIGNS) for _place in range(_LENGTH))
    return f"{prefix}-{random}" if prefix else random


def _told(promotion: Promotion) -> dict[str, Any]:
    moments = {name: at.isoformat() if (at := getattr(promotion, name)) else None for name in ("starts_at", "ends_at")}
    return {**{name: getattr(promotion, name) for name in _TOLD}, **moments, "title": dict(promotion.title)}
