"""What is sold: categories, products, their variants, pictures, and the stock behind them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.db import Id, ShopOwned, Table


class Image(ShopOwned, Table):
    """A picture kept as variants of several widths in the storage, under `key` (a hash of the original).

    orphaned_at: since when nothing refers to it, as the nightly sweep saw it; null as long as something does.
    """

    __tablename__ = "images"
    __table_args__ = (UniqueConstraint("shop_id", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(80))
    width: Mapped[int]  # upright, pixels; its files are kernel.pictures.widths_of(width) wide
    height: Mapped[int]
    alt: Mapped[dict[str, Any]]  # locale -> text
    color: Mapped[str] = mapped_column(String(20))  # name of the tint shown while it loads
    orphaned_at: Mapped[datetime | None]


class Category(ShopOwned, Table):
    __tablename__ = "categories"
    __table_args__ = (UniqueConstraint("shop_id", "slug"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(80))
    group: Mapped[str] = mapped_column(String(40), default="")
    name: Mapped[dict[str, Any]]
    intro: Mapped[dict[str, Any]]
    position: Mapped[int] = mapped_column(default=0)
    product_class: Mapped[str] = mapped_column(String(30), default="alimento")  # of its goods: catalog/classes.py
    image_id: Mapped[int | None] = mapped_column(ForeignKey("images.id", ondelete="SET NULL"))
    image: Mapped[Image | None] = relationship(lazy="raise")


class Product(ShopOwned, Table):
    """Something that a producer sells. Texts are dicts locale -> text; Italian is always there.

    food: what the law wants said before the purchase (law.md 1.2): ingredients and storage (locale -> text; allergens
    in ingredients stand between *asterisks*), allergens (keys of Annex II Reg. 1169/2011), shelf_life_days,
    min_residual_days, date_type (TMC | scadenza | nessuna), ship_temp (ambiente | fresco | refrigerato | …),
    alcohol_abv, min_age, withdrawal (art59_d | art59_e | …), origin (locale -> text), provinces;
    the rest as in particulars.py. safety: the same of what is no food (law.md L38, L39).
    product_class: a key of classes.py, null for its category's. packaging: list of {part, code} (L20).
    certifications: keys of facets.CERTIFICATIONS. tag_mask: bits of vocabulary.Tag.
    seo: {title, description}, each locale -> text.
    proofs: evidence for claims, list of {claim, text, body, until} as in proofs.py (L28).
    food.omnibus_perishable follows from the rest (perishable.py); food.omnibus_protected takes it back.
    is_complete: the gate found nothing missing; what is not complete cannot be published (`products.judge`).
    version: raised by every change that a page could show; ready cards are kept by it.
    """

    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("shop_id", "slug"),
        Index("ix_products_category", "shop_id", "category_id", "sort_name"),
        Index("ix_products_producer", "shop_id", "producer_id", "sort_name"),
        Index("ix_products_name", "shop_id", "sort_name"),
        Index("ix_products_image", "shop_id", "producer_id", "image_id"),
        CheckConstraint("published_at is null or is_complete", name="complete"),
        CheckConstraint("deposit_percent BETWEEN 10 AND 90", name="deposit"),
        CheckConstraint("making_days BETWEEN 1 AND 365", name="making_days"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(120))
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="RESTRICT"))
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id", ondelete="RESTRICT"))
    image_id: Mapped[int | None] = mapped_column(ForeignKey("images.id", ondelete="SET NULL"))
    name: Mapped[dict[str, Any]]
    sort_name: Mapped[str] = mapped_column(String(200))  # Italian name, folded: see catalog/search.py
    description: Mapped[dict[str, Any]]
    designation: Mapped[str | None] = mapped_column(String(4))  # DOP | IGP | DOC | DOCG | IGT | PAT
    food: Mapped[dict[str, Any]]
    safety: Mapped[dict[str, Any]] = mapped_column(default=dict)
    product_class: Mapped[str | None] = mapped_column(String(30))
    packaging: Mapped[list[Any]] = mapped_column(default=list)
    certifications: Mapped[list[Any]] = mapped_column(default=list)
    tag_mask: Mapped[int] = mapped_column(BigInteger, default=0)
    seo: Mapped[dict[str, Any]] = mapped_column(default=dict)
    proofs: Mapped[list[Any]] = mapped_column(default=list)
    is_complete: Mapped[bool] = mapped_column(default=False)
    season_mask: Mapped[int] = mapped_column(default=4095)  # bit 0 is January
    search_text: Mapped[str] = mapped_column(Text)
    is_featured: Mapped[bool] = mapped_column(default=False)
    is_announced: Mapped[bool] = mapped_column(default=False)  # shown until it goes on sale (coming.py)
    deposit_percent: Mapped[int | None]  # ordered with a deposit of so many percent (catalog/deposits.py); null: none
    making_days: Mapped[int | None]  # of such a piece: ready so many days after its deposit; null: nothing is promised
    version: Mapped[int] = mapped_column(default=1)
    rating_count: Mapped[int] = mapped_column(default=0)  # published reviews and the sum of their stars: products.rated
    rating_sum: Mapped[int] = mapped_column(default=0)
    published_at: Mapped[datetime | None]
    first_published_at: Mapped[datetime | None]  # prices count from then on (law.md L4), however often it goes off sale
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    category: Mapped[Category] = relationship(lazy="raise")
    image: Mapped[Image | None] = relationship(lazy="raise")
    variants: Mapped[list["Variant"]] = relationship(
        back_populates="product", lazy="raise", order_by="Variant.position", cascade="all, delete-orphan"
    )


class NameApproval(ShopOwned, Table):
    """Staff's answer to a producer who wants a protected name on a product without a certificate (law.md L16).

    name: what was asked about, as designations.bearing has it; an approval holds for that name only.
    is_approved: null while nobody has decided.
    """

    __tablename__ = "name_approvals"
    __table_args__ = (
        UniqueConstraint("product_id", "designation", "name"),
        Index("ix_name_approvals_open", "shop_id", "decided_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    designation: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(500))
    reason: Mapped[str] = mapped_column(Text, default="")
    asked_by: Mapped[int | None] = mapped_column(Id)
    asked_at: Mapped[datetime]
    is_approved: Mapped[bool | None]
    note: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[int | None] = mapped_column(Id)
    decided_at: Mapped[datetime | None]


class ProductImage(ShopOwned, Table):
    """A picture in a product's gallery, by `position`. The first is Product.image_id, which is what decides.

    removed_at: when it was taken out; until the nightly sweep it can be put back.
    """

    __tablename__ = "product_images"
    __table_args__ = (
        UniqueConstraint("product_id", "image_id"),
        Index("ix_product_images_image", "shop_id", "image_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)
    removed_at: Mapped[datetime | None]
    image: Mapped[Image] = relationship(lazy="raise")


class StockItem(ShopOwned, Table):
    """Pieces of one thing on a shelf. available = on_hand - reserved; reserved pieces are held for open payments.

    Changed only by the conditional updates of catalog/stock.py, each with a row in `stock_movements`.
    """

    __tablename__ = "stock_items"
    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="on_hand"),
        CheckConstraint("reserved >= 0 and reserved <= on_hand", name="reserved"),
        Index("ix_stock_items_refills", "shop_id", "refills_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    on_hand: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)
    low_at: Mapped[int] = mapped_column(default=3)  # at or below: the producer is told
    refills_at: Mapped[datetime | None]  # when the kitchen has more (catalog/refills.py)

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class Variant(ShopOwned, Table):
    """One way of buying a product: a format at a price. Prices include VAT, minor units of the shop's currency.

    campaign_id: the campaign that made the present price, if one did (pricing/models.py). campaign_ends_at: until when.
    reference_minor, reference_kind, reference_days: what may be announced of it, as catalog/reductions.py says;
    kind is null when nothing may. Written by catalog/prices.py only.
    retired_at: not offered since then (catalog/lineup.py); orders, holds and the price log keep it.
    """

    __tablename__ = "variants"
    __table_args__ = (
        UniqueConstraint("shop_id", "sku"),
        CheckConstraint("price_minor >= 0", name="price"),
        Index("ix_variants_product", "shop_id", "product_id"),
        Index("ix_variants_stock_item", "shop_id", "stock_item_id"),
        Index("ix_variants_campaign", "shop_id", "campaign_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    stock_item_id: Mapped[int] = mapped_column(ForeignKey("stock_items.id", ondelete="RESTRICT"))
    sku: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(default=0)
    format: Mapped[dict[str, Any]]
    net_amount: Mapped[int]  # of net_unit
    net_unit: Mapped[str] = mapped_column(String(5))  # g | ml | piece
    drained_amount: Mapped[int | None]
    weight_g: Mapped[int]  # of the parcel's contents, for delivery
    price_minor: Mapped[int]
    vat_rate: Mapped[str] = mapped_column(String(10))  # exact percent, e.g. "4" or "22"
    kg_price_minor: Mapped[int | None]  # by real weight: as typed; net_amount is then the estimate (by_weight.of)
    weight_tolerance: Mapped[int | None]  # percent, up and down; null: a fixed price
    pack_before: Mapped[int | None]  # net_amount and price before it changed, and when it did: catalog/packs.py
    pack_before_minor: Mapped[int | None]
    pack_changed_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    campaign_id: Mapped[int | None] = mapped_column(Id)
    campaign_ends_at: Mapped[datetime | None]
    reference_minor: Mapped[int | None]
    reference_kind: Mapped[str | None] = mapped_column(String(10))
    reference_days: Mapped[int | None]
    product: Mapped[Product] = relationship(back_populates="variants", lazy="raise")
    stock: Mapped[StockItem] = relationship(lazy="raise")


class StockMovement(ShopOwned, Table):
    """Append-only: every change of on_hand or reserved, with its reason. The sums equal the item's columns."""

    __tablename__ = "stock_movements"
    __table_args__ = (Index("ix_stock_movements_item", "shop_id", "stock_item_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    stock_item_id: Mapped[int] = mapped_column(ForeignKey("stock_items.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))  # initial | count | hold | release | sale | return | refill | expired
    on_hand_change: Mapped[int]
    reserved_change: Mapped[int]
    reference: Mapped[str] = mapped_column(String(60))  # e.g. an order number
    actor_id: Mapped[int | None] = mapped_column(Id)
    at: Mapped[datetime]


class Hold(ShopOwned, Table):
    """Pieces held for an open payment, until `expires_at` (UTC). One per payment attempt and stock item.

    state: held -> released | sold. It leaves `held` once, by a conditional update.
    """

    __tablename__ = "holds"
    __table_args__ = (
        UniqueConstraint("stock_item_id", "reference"),
        Index("ix_holds_reference", "shop_id", "reference"),
        CheckConstraint("quantity > 0", name="quantity"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    stock_item_id: Mapped[int] = mapped_column(ForeignKey("stock_items.id", ondelete="CASCADE"))
    reference: Mapped[str] = mapped_column(String(60))
    quantity: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="held")
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]


class RefillPlan(ShopOwned, Table):
    """A kitchen's week: so many pieces at an hour of the shop's clock on some weekdays (0 is Monday).

    unsold: expire | carry, what becomes at a refill of what is left.
    """

    __tablename__ = "refill_plans"
    __table_args__ = (
        UniqueConstraint("stock_item_id"),
        CheckConstraint("pieces > 0", name="pieces"),
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    stock_item_id: Mapped[int] = mapped_column(ForeignKey("stock_items.id", ondelete="CASCADE"))
    weekdays: Mapped[list[Any]]
    pieces: Mapped[int]
    hour: Mapped[int]
    unsold: Mapped[str] = mapped_column(String(10))
    made_at: Mapped[datetime]


class RefillException(ShopOwned, Table):
    """Other pieces on one day than the week says; 0 for none."""

    __tablename__ = "refill_exceptions"
    __table_args__ = (UniqueConstraint("stock_item_id", "day"), CheckConstraint("pieces >= 0", name="pieces"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    stock_item_id: Mapped[int] = mapped_column(ForeignKey("stock_items.id", ondelete="CASCADE"))
    day: Mapped[date]
    pieces: Mapped[int]


class RefillRun(ShopOwned, Table):
    """A refill that was done: one per stock item and day. expired: pieces that went off sale with it."""

    __tablename__ = "refill_runs"
    __table_args__ = (UniqueConstraint("stock_item_id", "day"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    stock_item_id: Mapped[int] = mapped_column(ForeignKey("stock_items.id", ondelete="CASCADE"))
    day: Mapped[date]
    pieces: Mapped[int]
    expired: Mapped[int]
    at: Mapped[datetime]


class PriceChange(ShopOwned, Table):
    """Append-only price log of a variant: every price it ever had, and from when (law.md L1).

    kind: of the campaign that made it (sale | launch | expiry), null for an ordinary price. chain: the first campaign
    of an uninterrupted row of them (L4).
    """

    __tablename__ = "price_changes"
    __table_args__ = (Index("ix_price_changes_variant", "shop_id", "variant_id", "valid_from"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"))
    price_minor: Mapped[int]
    valid_from: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(40))  # initial | changed | import | undo | campaign[_end] | rule[_end]
    kind: Mapped[str | None] = mapped_column(String(10))
    chain: Mapped[int | None] = mapped_column(Id)
    actor_id: Mapped[int | None] = mapped_column(Id)


class SearchCount(ShopOwned, Table):
    """How often a text was searched for on a day (Italian time) in a language, and found something; catalog/popular.py.

    query: plain words in lower case. Nothing of who asked.
    """

    __tablename__ = "search_counts"
    __table_args__ = (
        UniqueConstraint("shop_id", "locale", "query", "day"),
        Index("ix_search_counts_day", "shop_id", "day", "locale", "query"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    locale: Mapped[str] = mapped_column(String(5))
    query: Mapped[str] = mapped_column(String(40))
    day: Mapped[date]
    times: Mapped[int]


class PopularSearch(ShopOwned, Table):
    """What is shown as popular in a language; place 0 is the first. Written anew every hour."""

    __tablename__ = "popular_searches"
    __table_args__ = (UniqueConstraint("shop_id", "locale", "place"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    locale: Mapped[str] = mapped_column(String(5))
    place: Mapped[int]
    query: Mapped[str] = mapped_column(String(40))
