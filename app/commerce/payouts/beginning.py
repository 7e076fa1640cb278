"""What a producer still has to do before his first sale, step by step: his own list, and staff see the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Product
from app.commerce.orders.models import Order
from app.commerce.payouts import account_words
from app.commerce.payouts.models import ConnectedAccount
from app.delivery.models import Zone
from app.kernel.i18n import gettext as _
from app.producers import selling, tax
from app.producers.models import Producer

UNSOLD = ("awaiting_payment", "cancelled")


@dataclass(frozen=True)
class Step:
    """name: what to do. short: the same as something that is missing. note: more about it, or "".

    url: where it is done, "" where it is not his turn. is_owners: a helper cannot do it. is_account: nobody can order
    from him without it.
    """

    name: str
    short: str
    is_done: bool
    url: str = ""
    note: str = ""
    is_owners: bool = False
    is_account: bool = False


async def steps(db: AsyncSession, producer_id: int) -> Sequence[Step]:
    """All of them, or none for who has nothing left to do. One statement."""
    return (await _lists(db, _facts().where(Producer.id == producer_id))).get(producer_id, [])


async def lacking(db: AsyncSession) -> Mapping[int, Sequence[str]]:
    """For selling.lacks_are_told_by: what every producer lacks, those that lack nothing left out. One statement."""
    found = await _lists(db, _facts())
    return {id_: [step.short for step in those if not step.is_done] for id_, those in found.items()}


def _facts() -> Select[Any]:
    goods = and_(Product.producer_id == Producer.id, Product.deleted_at.is_(None))
    complete = select(func.count(Product.id)).where(goods, Product.is_complete).correlate(Producer)
    published = select(func.count(Product.id)).where(goods, Product.published_at.is_not(None)).correlate(Producer)
    sold = exists().where(Order.producer_id == Producer.id, Order.state.not_in(UNSOLD))
    departs = exists().where(Zone.is_served, Zone.retired_at.is_(None))
    return select(
        Producer,
        ConnectedAccount,
        selling.may_sell(),
        sold.correlate(Producer),
        complete.scalar_subquery(),
        published.scalar_subquery(),
        departs,
    ).outerjoin(ConnectedAccount, ConnectedAccount.producer_id == Producer.id)


async def _lists(db: AsyncSession, facts: Select[Any]) -> dict[int, Sequence[Step]]:
    found: dict[int, Sequence[Step]] = {}
    for producer, account, may_sell, has_sold, complete, published, departs in await db.execute(facts):
        money = _of_account(producer, account, may_sell=bool(may_sell))
        rest = [] if has_sold else _of_shop(producer, complete, published, departs=bool(departs))
        if not all(step.is_done for step in (*money, *rest)):
            found[producer.id] = [*money, *rest]
    return found


def _of_account(producer: Producer, account: ConnectedAccount | None, *, may_sell: bool) -> Sequence[Step]:
    """Without these nobody can order from him, whatever he has sold before."""
    code = account_words.state_of(account if producer.stripe_account else None, producer.stripe_account)
    is_checking = code == account_words.CHECKING and not may_sell
    note = _("Stripe sta controllando: di solito bastano pochi minuti.") if is_checking else ""
    if code == account_words.MISSING and account and account.due:
        note = _("Manca: %(what)s", what=", ".join(account_words.asked(account.due)))
    has_account, path = producer.stripe_account is not None, "/banco/incassi/conto"
    return [
        Step(
            _("Apri il conto su cui ricevi i pagamenti"),
            _("il conto Stripe"),
            has_account,
            path,
            is_owners=True,
            is_account=True,
        ),
        Step(
            _("Completa da Stripe i tuoi dati e la prova d’identità"),
            _("i dati e l’identità da Stripe"),
            may_sell,
            "" if is_checking or not has_account else path,
            note,
            is_owners=True,
            is_account=True,
        ),
    ]


def _of_shop(producer: Producer, complete: int, published: int, *, departs: bool) -> Sequence[Step]:
    """Before the first sale only."""
    lacks = tax.missing(producer)
    has_address = all((producer.street, producer.postal_code, producer.city, producer.phone))
    goods = "/banco/prodotti"
    return [
        Step(
            _("Scrivi i dati fiscali"),
            _("i dati fiscali"),
            not lacks,
            "/banco/dati-fiscali",
            _("Manca: %(what)s", what=", ".join(lacks)) if lacks else "",
            is_owners=True,
        ),
        Step(
            _("Scrivi indirizzo e telefono: lì tornano i resi"),
            _("l’indirizzo dei resi"),
            has_address,
            "/banco/pagina",
            is_owners=True,
        ),
        Step(_("Completa la scheda di un prodotto"), _("una scheda completa"), bool(complete), goods),
        Step(_("Metti in vendita un prodotto"), _("un prodotto in vendita"), bool(published), goods),
        Step(
            _("Giorni di consegna"),
            _("i giorni di consegna"),
            departs or producer.pickup,
            note=_("Zone e giorni li decide il negozio. I giorni in cui non spedisci li dici tu, in Chiusure."),
        ),
        Step(
            _("Il negozio ti mette in vetrina"),
            _("la vetrina"),
            producer.hidden_at is None,
            note=_("Lo fa la redazione, quando il resto è pronto."),
        ),
    ]
