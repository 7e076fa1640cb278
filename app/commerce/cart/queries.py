"""What pages show of carts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    not_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.catalog import cards, deposits
from app.catalog.models import Hold, Image, Product, StockItem, Variant
from app.commerce.cart.basket import Basket, BasketLine, Picture, Ruled, Seller
from app.commerce.cart.models import Cart, CartLine
from app.commerce.orders.models import OrderGroup
from app.kernel import clock
from app.kernel.i18n import current_locale
from app.kernel.ids import token_hash
from app.kernel.tenancy import in_language
from app.pricing.rules import bulk
from app.pricing.rules import queries as rules
from app.pricing.rules.models import RulePrice
from app.producers import closures, selling, tax
from app.producers.models import Producer


async def count(db: AsyncSession, token: str | None, user_id: int | None) -> tuple[int | None, int]:
    """(cart id, pieces in it) of the shopper; (None, 0) without a cart."""
    mine = Cart.user_id == user_id if user_id is not None else Cart.token_hash == token_hash(token or "")
    row = (
        await db.execute(
            select(Cart.id, func.coalesce(func.sum(CartLine.quantity), 0))
            .outerjoin(CartLine, CartLine.cart_id == Cart.id)
            .where(mine)
            .group_by(Cart.id)
        )
    ).first()
    return (row[0], int(row[1])) if row else (None, 0)


# The statements are built once: that takes longer than sending them. They take their values by these names.
_CART: BindParameter[int] = bindparam("cart")
_VARIANT: BindParameter[int] = bindparam("variant")
_NOW: BindParameter[datetime] = bindparam("now")


def whose(by: str) -> ColumnElement[bool]:
    """By what a shopper's cart is found; `by` names the value: cart (its id), user, or hash (of the guest's token)."""
    return {
        "cart": Cart.id == _CART,
        "user": Cart.user_id == bindparam("user"),
        "hash": and_(Cart.token_hash == bindparam("hash"), Cart.user_id.is_(None)),
    }[by]


def _available(cart: ColumnElement[Any] = _CART) -> ColumnElement[int]:
    """Pieces that this cart may have: free ones, and those held for its own open payment (Back from the pay page)."""
    own = (
        select(func.coalesce(func.sum(Hold.quantity), 0))
        .join(OrderGroup, OrderGroup.number == Hold.reference)
        .where(
            Hold.stock_item_id == StockItem.id,
            Hold.state == "held",
            OrderGroup.cart_id == cart,
            OrderGroup.state == "awaiting_payment",
        )
        .correlate_except(Hold, OrderGroup)
        .scalar_subquery()
    )
    return StockItem.on_hand - StockItem.reserved + own


def _is_offered() -> ColumnElement[bool]:
    return and_(
        Variant.retired_at.is_(None),
        Product.deleted_at.is_(None),
        Product.published_at.is_not(None),
        Product.published_at <= _NOW,
        Producer.hidden_at.is_(None),
    )


def _is_sold() -> ColumnElement[bool]:
    return and_(_is_offered(), selling.may_sell())


def _waits() -> ColumnElement[bool]:
    """It would be sold, could the money reach its producer."""
    return and_(_is_offered(), not_(selling.may_sell()))


_IMAGE = (Image.key, Image.width, Image.height, Image.color, Image.alt)
_SELLER = (
    Producer.id,
    Producer.slug,
    Producer.name,
    Producer.street,
    Producer.postal_code,
    Producer.city,
    Producer.province,
    Producer.email,
    Producer.phone,
    Producer.legal,
    Producer.pickup,
    Producer.daily_orders,
    Producer.closed,
    Producer.fee_rate,
    Producer.fee_base,
)
_LINE = (
    CartLine.id,
    CartLine.variant_id,
    Product.id,
    Variant.stock_item_id,
    Variant.sku,
    Product.slug,
    Product.name,
    Variant.format,
    Product.designation,
    Product.food,
    CartLine.quantity,
    Variant.price_minor,
    CartLine.seen_price_minor,
    Variant.vat_rate,
    Variant.net_amount,
    Variant.net_unit,
    Variant.drained_amount,
    Variant.weight_g,
    Product.category_id,
)


@dataclass(frozen=True)
class Offer:
    """A variant that somebody wants to add. quantity: what of it is in the cart already.

    cart_id, touched_at: of the shopper's cart, None without one. count, goods_minor: pieces in it before, and what
    they cost in the window. has_bulk: many pieces may cost less. waits_for: its producer's name, where it is not sold
    only because he may not sell now.
    """

    variant_id: int
    name: str
    price_minor: int
    is_sold: bool
    available: int
    image: Picture | None
    cart_id: int | None
    touched_at: datetime | None
    quantity: int
    count: int
    goods_minor: int
    has_bulk: bool
    waits_for: str


async def offer(db: AsyncSession, variant_id: int, mine: Mapping[str, int | str]) -> Offer | None:
    """One statement with all that adding to a cart has to know; None if there is no such variant.

    mine: what finds the cart, as for `whose`; empty: there is none.
    """
    values = {"variant": variant_id, **(mine or {"cart": 0}), "now": clock.now()}
    found = (await db.execute(_offer_statement(*(mine or {"cart": 0})), values)).first()
    if found is None:
        return None
    name, price, is_sold, waits_for, available, has_bulk, *image, cart_id, touched_at, quantity, pieces, goods = found
    return Offer(
        variant_id,
        in_language(name, current_locale()),
        price,
        bool(is_sold),
        int(available),
        _picture(image),
        cart_id,
        touched_at,
        quantity or 0,
        int(pieces or 0),
        int(goods or 0),
        bool(has_bulk),
        waits_for,
    )


@cache
def _offer_statement(by: str) -> Select[Any]:
    in_it = aliased(Variant)
    sums = (
        select(
            Cart.id.label("cart_id"),
            Cart.updated_at.label("touched_at"),
            func.sum(case((CartLine.variant_id == _VARIANT, CartLine.quantity), else_=0)).label("of_it"),
            func.sum(CartLine.quantity).label("count"),
            func.sum(CartLine.quantity * in_it.price_minor).label("goods"),
        )
        .outerjoin(CartLine, CartLine.cart_id == Cart.id)
        .outerjoin(in_it, in_it.id == CartLine.variant_id)
        .where(whose(by))
        .group_by(Cart.id)
        .subquery("mine")
    )
    waits_for = case((_waits(), Producer.name), else_="")
    known = (Product.name, Variant.price_minor, _is_sold(), waits_for)
    facts = (*known, _available(sums.c.cart_id), rules.any_bulk(), *_IMAGE)
    return (
        select(*facts, *sums.c)
        .select_from(Variant)
        .join(Product, Product.id == Variant.product_id)
        .join(Producer, Producer.id == Product.producer_id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .outerjoin(sums, true())
        .where(Variant.id == _VARIANT)
    )


async def basket(db: AsyncSession, cart_id: int | None) -> Basket:
    """The whole cart in one statement, with prices and stock as they are now; two more where many pieces cost less."""
    if cart_id is None:
        return Basket()
    rows = (await db.execute(_basket_statement(), {"cart": cart_id, "now": clock.now()})).all()
    if not rows:
        return Basket()
    sellers: dict[int, Seller] = {}
    lines = tuple(_line(row, sellers) for row in rows if row[4] is not None)
    if rows[0].has_bulk and lines:
        lines = await _in_bulk(db, lines)
    first = rows[0]
    return Basket(cart_id, first[0], first[1], lines, first.code, first.joins_group_id, first.ordering)


@cache
def _basket_statement() -> Select[Any]:
    return (
        select(Cart.country, Cart.postal_code, _available(), _is_sold(), *_LINE, *_SELLER, *_IMAGE, *cards.REFERENCE)
        .add_columns(*cards.WEIGHT, Product.deposit_percent, cards.MAKING_DAYS)
        .add_columns(Cart.code, Cart.joins_group_id, Cart.ordering, _waits().label("waits"))
        .add_columns(rules.any_bulk().label("has_bulk"), RulePrice.base_minor.label("unruled_minor"), RulePrice.applied)
        .select_from(Cart)
        .outerjoin(CartLine, CartLine.cart_id == Cart.id)
        .outerjoin(Variant, Variant.id == CartLine.variant_id)
        .outerjoin(Product, Product.id == Variant.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .outerjoin(StockItem, StockItem.id == Variant.stock_item_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .outerjoin(RulePrice, rules.makes_the_price())
        .where(Cart.id == _CART)
        .order_by(CartLine.id)
    )


async def _in_bulk(db: AsyncSession, lines: Sequence[BasketLine]) -> tuple[BasketLine, ...]:
    """The lines at the prices that their numbers of pieces have reached. A reduction is announced of single pieces."""
    wanted = [bulk.Wanted(line.variant_id, line.price_minor, line.quantity) for line in lines]
    found = await bulk.of_lines(db, wanted)
    return tuple(
        replace(line, price_minor=made.price_minor, bulk=made, reduction=None)
        if (made := found.get(line.variant_id))
        else line
        for line in lines
    )


async def gifts(db: AsyncSession, wanted: Mapping[int, Sequence[tuple[int, int]]], basket: Basket) -> list[BasketLine]:
    """What promotions add, as lines of the basket. wanted: variant id → (key of the line, pieces) of each gift."""
    if not wanted:
        return []
    values = {"cart": basket.cart_id, "now": clock.now(), "variants": list(wanted)}
    rows = (await db.execute(_gifts_statement(), values)).all()
    sellers = {line.seller.id: line.seller for line in basket.lines}
    found = [_line(row, sellers) for row in rows]
    return [replace(line, id=key, quantity=pieces) for line in found for key, pieces in wanted.get(line.variant_id, ())]


_NOT_OF_GIFTS = ("deposit_percent", "making_days", "unruled_minor")


@cache
def _gifts_statement() -> Select[Any]:
    """The columns of `_basket_statement`, of goods that nobody has put into the cart."""
    own: dict[Any, Any] = {CartLine.id: literal(0), CartLine.quantity: literal(1)}
    own |= {CartLine.variant_id: Variant.id, CartLine.seen_price_minor: Variant.price_minor}
    facts: list[Any] = [own.get(column, column) for column in _LINE]
    nowhere: list[Any] = [literal(""), literal("")]
    return (
        select(*nowhere, _available(), _is_sold(), *facts, *_SELLER, *_IMAGE, *cards.REFERENCE)
        .add_columns(*cards.WEIGHT, *(literal(None, Integer).label(of) for of in _NOT_OF_GIFTS))
        .add_columns(_waits().label("waits"))
        .select_from(Variant)
        .join(Product, Product.id == Variant.product_id)
        .join(Producer, Producer.id == Product.producer_id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .where(Variant.id.in_(bindparam("variants", expanding=True)))
        .order_by(Variant.id)
    )


def _line(row: Any, sellers: dict[int, Seller]) -> BasketLine:
    available, is_sold = int(row[2]), bool(row[3])
    facts = list(row[4 : 4 + len(_LINE)])
    facts[13] = Decimal(facts[13])
    rest = row[4 + len(_LINE) :]
    about, image = rest[: len(_SELLER)], rest[len(_SELLER) : len(_SELLER) + len(_IMAGE)]
    if about[0] not in sellers:
        *plain, daily, closed, rate, base = about
        own_rate = Decimal(rate) if rate is not None else None
        sellers[about[0]] = Seller(*[*plain, own_rate, closures.read(closed), daily, base])
    if not tax.charges_vat(sellers[about[0]].legal):
        facts[13] = Decimal(0)
    known = [*facts, available, is_sold, sellers[about[0]], _picture(image), cards.reduction(row)]
    line = replace(BasketLine(*known), kg_price_minor=row.kg_price_minor, weight_tolerance=row.weight_tolerance)
    line = replace(line, ruled=_ruled(row, line.price_minor), waits=bool(row.waits))
    percent = row.deposit_percent if row.weight_tolerance is None else None
    is_worth_it = deposits.deposit([(line.total_minor, percent)], line.total_minor) > 0
    return replace(line, deposit_percent=percent, making_days=row.making_days) if is_worth_it else line


def _ruled(row: Any, price_minor: int) -> Ruled | None:
    return Ruled(row.unruled_minor, row.applied) if (row.unruled_minor or 0) > price_minor else None


def _picture(columns: Sequence[Any]) -> Picture | None:
    key, width, height, color, alt = columns
    return Picture(key, width, height, color, in_language(alt or {}, current_locale())) if key else None


async def line_variant(db: AsyncSession, cart_id: int | None, line_id: int) -> tuple[int, int] | None:
    """(variant id, quantity) of a line of this cart; None if it is not there."""
    row = (
        await db.execute(
            select(CartLine.variant_id, CartLine.quantity).where(CartLine.id == line_id, CartLine.cart_id == cart_id)
        )
    ).first()
    return (row[0], row[1]) if row else None


async def name_of(db: AsyncSession, variant_id: int) -> str:
    """The name of a variant's product in the reader's language; "" if there is none."""
    name = await db.scalar(
        select(Product.name).join(Variant, Variant.product_id == Product.id).where(Variant.id == variant_id)
    )
    return in_language(name or {}, current_locale())
