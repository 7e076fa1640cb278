"""What buyers, staff, producers, banks, Stripe and time can do to the money of one shop, as deeds.

deeds_in_parts.py has those of deposits and balances, and of bought credit that goes back; deeds_by_weight.py those of
goods by weight; deeds_of_changes.py those of orders that grow, shrink and travel together.

A deed raises what the application says no with, and NotFound where there is nothing to do it to. `which` chooses one of
the rows that there are.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update

from app.commerce.cart import adding, discounts, lines
from app.commerce.cart import queries as carts
from app.commerce.checkout import by_weight, drafts, paying, placing
from app.commerce.checkout import plan as plans
from app.commerce.checkout.forms import ContactForm
from app.commerce.credit import book, buying, cards, giving
from app.commerce.credit.book import Why
from app.commerce.credit.models import CreditChoice, CreditPurchase
from app.commerce.disputes.models import Dispute
from app.commerce.orders import fulfilment
from app.commerce.orders import queries as orders
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.payments import ledger, sessions, settling, transfers
from app.commerce.payments.models import Payment, Transfer
from app.commerce.payouts.models import Payout
from app.commerce.refunds import cancelling, plan, requesting
from app.commerce.refunds import queries as refunding
from app.commerce.refunds.models import Refund
from app.commerce.refunds.plan import Claim, Wanted
from app.commerce.refunds.requesting import Ask
from app.delivery.models import Zone
from app.delivery.quotes import quote
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.errors import NotFound
from app.kernel.outbox import Job, add_job
from app.kernel.tenancy import Person
from app.shops.models import Shop
from app.web.edge import Edge
from tests.cast import make_shop
from tests.commerce.crashing import Doom, gateway
from tests.commerce.promotions.props import promote
from tests.commerce.strategy import prefer_destination
from tests.commerce.test_placing import CONTACT, facts_of
from tests.stripe import Stripe

GOODS = ("olio", "squacquerone", "sangiovese")
NIGHTLY = (
    "payments.sweep", "payments.fetch_missed_events", "refunds.sweep", "credit.sweep", "credit.expire", "credit.remind",
    "deposits.watch", "weighing.watch", "disputes.refresh", "payouts.refresh", "reconciliation.compare",
)  # fmt: skip
CALLS = (("POST", "*"), ("GET", "/v1/checkout/sessions/*"), ("GET", "/v1/refunds/*"), ("GET", "/v1/disputes/*"))
DORA = Person(1, "Dora", "dora@tavola.example", "staff", "it", 1)
BRUNO = Person(2, "Bruno", "bruno@frantoio.example", "producer", "it", 1)
ANNA = "anna@posta.example"


class Deeds:
    """One shop with a Stripe of its own, on which processes may die (crashing.py)."""

    def __init__(self, app: Edge, database: Database, folder: Path, doom: Doom) -> None:
        self.app, self.database, self.folder, self.doom = app, database, folder, doom
        self.codes: list[str] = []
        self.ahead = timedelta(0)  # how far the clock is ahead, here and at Stripe

    async def open(self) -> None:
        async with self.database.session(None) as db:
            await db.execute(delete(Job))
            await db.commit()
        self.shop = await make_shop(self.app, self.database)
        async with self.database.session(None) as db, transaction(db):
            (await db.get_one(Shop, self.shop.id)).features = {"stripe_books": True, "refunds": {"card_cost": 10}}
        async with self.database.session(self.shop.id) as db, transaction(db):  # so that additions make parcels dearer
            await db.execute(update(Zone).values(heavier=[[1000, 790], [2000, 990]]))
        self.facts = await facts_of(self.shop)
        await promote(self.shop, codes={"FESTA": 4}, shop_share=40, percent=15, limit_total=5)
        await promote(self.shop, "delivery", shop_share=100, minimum_minor=4000, limit_buyer=3)
        place = self.folder / ids.token()
        place.mkdir()
        self.stripe = Stripe(self.app.settings, self.app, place)
        self.gateway = gateway(self.stripe, self.doom)
        self.stripe.use(self.gateway)
        await self.stripe.control("settings", automatic=False)
        await self.stripe.open_accounts(self.shop)

    async def charge_at_once(self) -> None:
        """From now on the shop's charges go to the producer's account, where there is one."""
        await prefer_destination(self.shop)
        self.facts = await facts_of(self.shop)

    async def all_of(self, table: Any, *where: Any) -> list[Any]:
        async with self.database.session(self.shop.id) as db:
            return list(await db.scalars(select(table).where(*where).order_by(table.id)))

    async def one_of(self, which: int, table: Any, *where: Any) -> Any:
        """One of the rows there are; NotFound where there is none."""
        found = await self.all_of(table, *where)
        if not found:
            raise NotFound
        return found[which % len(found)]

    async def press(self, button: str, **given: Any) -> Any:
        """A button at Stripe, which may not be there for it any more."""
        answer = await self.stripe._browser.post(f"/_control/{button}", json=given)
        if answer.status_code != 200:
            raise NotFound
        return answer.json()

    async def order(
        self, goods: dict[str, int], who: str, code: bool, wallet: bool, card: int | None, joins: int | None = None
    ) -> int:
        """joins: the group that it adds to."""
        user_id, contact = self.shop.users.get(who), ContactForm.read(CONTACT).data
        assert contact is not None
        methods = dict.fromkeys(self.shop.producers.values(), "courier")
        async with self.database.session(self.shop.id) as db:
            async with transaction(db):
                cart_id, _ = await lines.open_cart(db, {}, None)
                for sku, pieces in goods.items():
                    await lines.add(db, {"cart": cart_id}, None, self.shop.variants[sku], pieces)
                await adding.remember(db, cart_id, joins)
                await lines.remember_code(db, cart_id, "FESTA" if code else None)
                card_id = None
                if card is not None and self.codes:
                    card_id = (await cards.by_code(db, self.codes[card % len(self.codes)])).id
                db.add(CreditChoice(cart_id=cart_id, wallet=wallet, card_id=card_id))
                await drafts.save_contact(db, cart_id, contact)
                await drafts.save_delivery(db, cart_id, methods, "", date(1980, 1, 1))
            draft = await drafts.of_cart(db, cart_id)
            assert draft is not None
            basket, zone = (await carts.basket(db, cart_id)).ordered, await quote(db, draft.country, draft.postal_code)
            it = plans.make(basket, zone, draft.delivery, await adding.joins(db, self.facts, basket, user_id))
            found = await discounts.find(db, self.facts, basket, it.fees, zone=zone, user_id=user_id, email=draft.email)
            it = plans.discounted(it, found)
            credit = await paying.offer(db, self.facts, it, cart_id, user_id, by_weight.most_minor(it))
            seen = credit.marked(plans.mark(draft, it))
            async with transaction(db):
                group = await placing.place(
                    db, self.facts, draft.id, seen_total_minor=it.total_minor, seen=seen, key=draft.key,
                    user_id=user_id, locale="it",
                )  # fmt: skip
            return group.id

    async def open_page(self, group_id: int) -> None:
        await sessions.open_session(
            self.database, self.facts, self.gateway, group_id, base_url=f"http://{self.shop.host}"
        )

    async def open_one(self, which: int) -> None:
        await self.open_page((await self.one_of(which, OrderGroup)).id)

    async def lose(self, which: int) -> None:
        payment = await self.one_of(which, Payment, Payment.state == "open")
        async with self.database.session(self.shop.id) as db, transaction(db):
            (await db.get_one(Payment, payment.id)).state = "expired"
        await self.open_page(payment.group_id)

    async def at_the_page(self, which: int, how: str) -> None:
        payment = await self.one_of(which, Payment, Payment.session_id.is_not(None))
        await self.press(f"sessions/{payment.session_id}/{how}")

    async def come_back(self, which: int) -> None:
        payment = await self.one_of(which, Payment, Payment.session_id.is_not(None))
        await settling.settle(self.database, self.facts, self.gateway, payment.session_id)

    async def give_up(self, which: int) -> None:
        group = await self.one_of(which, OrderGroup)
        await sessions.give_up(self.database, self.facts, self.gateway, group.id)

    async def give_credit(self, amount: int, days: int | None = None) -> None:
        """days: until it ends."""
        end = clock.now() + timedelta(days=days) if days else None
        async with self.database.session(self.shop.id) as db, transaction(db):
            await giving.give_to_wallet(
                db, user_id=self.shop.users[ANNA], amount_minor=amount, currency="EUR",
                reference=ids.token()[:20], reason="", debit=ledger.PROMOTION_COST, expires_at=end,
            )  # fmt: skip

    async def make_card(self, amount: int) -> str:
        async with self.database.session(self.shop.id) as db, transaction(db):
            card, reference = await cards.open_card(db, "EUR"), ids.token()[:20]
            await book.put_in(db, card, amount, Why("bought", reference), expires_at=None)
            entries = [(ledger.PROMOTION_COST, amount), (ledger.CREDIT_OWED, -amount)]
            booked = [ledger.Line(account, minor, "EUR") for account, minor in entries]
            await ledger.post(db, "credit_adjusted", reference, booked, None)
            return cards.give_code(card)

    async def redeem(self, code: str) -> None:
        async with self.database.session(self.shop.id) as db, transaction(db):
            await cards.move_to_wallet(db, code, self.shop.users[ANNA])

    async def buy_credit(self, amount: int, kind: str, *, far: int) -> None:
        """far: to the page, the payment, back again, until it is value."""
        texts = {"email": "anna@posta.example", "name": "Anna", "recipient_email": "carla@posta.example"}
        user_id = self.shop.users[ANNA]
        row = CreditPurchase(
            key=ids.token(), kind=kind, amount_minor=amount, locale="it", user_id=user_id, recipient_name="",
            message="", **texts,
        )  # fmt: skip
        async with self.database.session(self.shop.id) as db, transaction(db):
            made = await buying.begin(db, self.facts, row)
        base = f"http://{self.shop.host}"
        url = await buying.open_session(self.database, self.facts, self.gateway, made.id, base_url=base)
        session_id = url.rpartition("/")[2]
        if far > 0:
            await self.press(f"sessions/{session_id}/pay")
        if far > 1:
            await settling.settle(self.database, self.facts, self.gateway, session_id)

    async def refund(self, which: int, kind: str, share: int, destination: str, restock: bool, cancels: bool) -> None:
        group_id = (await self.one_of(which, OrderGroup)).id
        async with self.database.session(self.shop.id) as db, transaction(db):
            facts = await refunding.facts(db, await requesting.lock(db, group_id))
            one = facts[share % len(facts)]
            left = sum(order.left_minor for order in facts)
            match kind:
                case "all":
                    wanted = [plan.everything(order, restock=restock) for order in facts]
                case "order":
                    wanted = [plan.everything(one, restock=restock)]
                case "pieces":
                    wanted = [Wanted(one.id, [Claim(line.id, share % 3, restock=restock) for line in one.lines])]
                case "sum":
                    wanted = plan.amount(facts, left * share // 100, delivery=restock)
                case _:
                    wanted = [Wanted(one.id, [], delivery_minor=one.delivery_left_minor * share // 100)]
            ask = Ask(
                group_id, wanted, "damaged", ids.token(), destination, cancels=cancels and kind in {"all", "order"}
            )
            await requesting.request(db, self.facts, ask, Actor("staff", 1))

    async def call_off(self, which: int) -> None:
        order = await self.one_of(which, Order, Order.state != "awaiting_payment")
        async with self.database.session(self.shop.id) as db, transaction(db):
            await cancelling.by_buyer(db, self.facts, order.group_id, order.number, None)

    async def send_back(self, which: int) -> None:
        refund = await self.one_of(which, Refund, Refund.stripe_id.is_not(None))
        await self.press(f"refunds/{refund.stripe_id}/fail")

    async def mend(self, which: int, how: Any) -> None:
        refund = await self.one_of(which, Refund, Refund.state == "failed")
        async with self.database.session(self.shop.id) as db, transaction(db):
            await how(db, refund.number, DORA)

    async def fulfil(self, which: int, deed: Any) -> None:
        order = await self.one_of(which, Order)
        more = ("van", "") if deed is fulfilment.ship else ()
        async with self.database.session(self.shop.id) as db, transaction(db):
            await deed(db, await orders.at_desk(db, order.producer_id, order.number), BRUNO, *more)

    async def contest(self, which: int, share: int | None, inquiry: bool) -> None:
        payment = await self.one_of(which, Payment, Payment.charge_id.is_not(None))
        part = {} if share is None else {"amount": max(1, payment.amount_minor * share // 100)}
        await self.press("disputes", session=payment.session_id, inquiry=inquiry, **part)

    async def decide(self, which: int, outcome: str) -> None:
        dispute = await self.one_of(which, Dispute)
        await self.press(f"disputes/{dispute.stripe_id}/close", outcome=outcome)

    async def payout_returns(self, which: int) -> None:
        await self.press(f"payouts/{(await self.one_of(which, Payout)).stripe_id}/fail")

    async def send_again(self, which: int) -> None:
        transfer = await self.one_of(which, Transfer, Transfer.state == "failed")
        async with self.database.session(self.shop.id) as db, transaction(db):
            await transfers.retry(db, transfer.id, transfer.account)

    async def news(self, order: str, twice: bool, seed: int) -> None:
        if twice:
            await self.press("webhooks/duplicate")
        await self.press("webhooks/shuffle", order=order, seed=seed)
        await self.stripe.deliver()

    async def sweep(self, *names: str) -> None:
        async with self.database.session(self.shop.id) as db, transaction(db):
            for name in names:
                add_job(db, name)
        await self.shop.run_jobs()

    async def end_waiting(self) -> None:
        """What people do when nothing else will happen; see deeds_in_parts.py."""

    async def wait(self, minutes: int) -> None:
        self.ahead += timedelta(minutes=minutes)
        await self.stripe.control("clock", advance=60 * minutes)

    async def rest(self) -> None:
        """Stripe works, everybody has an account, news arrive, and there is time for everything."""
        await self.stripe.control("faults/clear")
        await self.stripe.open_accounts(self.shop)
        passed = 0
        for hours in (1, 3, 8, 24, 24):
            passed += hours
            await self.stripe.control("clock", advance=3600 * hours)
            with clock.shifted(timedelta(hours=passed)):
                await self.stripe.deliver()
                for transfer in await self.all_of(Transfer, Transfer.state == "failed"):
                    async with self.database.session(self.shop.id) as db, transaction(db):
                        await transfers.retry(db, transfer.id, transfer.account)
                await self.end_waiting()
                await self.sweep(*NIGHTLY)
        self.ahead += timedelta(hours=passed)
