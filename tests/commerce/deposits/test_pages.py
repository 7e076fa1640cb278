"""Where a deposit is set, and where it is noticed: the editor, the product page, a mixed cart, our own payment page."""

from sqlalchemy import update

from app.catalog.models import Product, Variant
from app.commerce.payments.models import BALANCE, DEPOSIT, PAGE, Payment
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Answer, Browser, TestShop
from tests.commerce.credit.props import ANNA, balances, fill_wallet
from tests.commerce.deposits.props import AHEAD, REST, Ordered, all_is_well, order_piece, sell_with_deposit
from tests.commerce.test_cart import put
from tests.commerce.test_checkout import groups_of, press, to_delivery, to_review
from tests.commerce.test_payment_page import use_own_page
from tests.commerce.weighing.props import found, sell_by_weight
from tests.stripe import Stripe

SECTION = "form[action$='/vendita']"


async def test_the_editor_takes_a_deposit_of_ten_to_ninety_percent(shop: TestShop, carlo: Browser) -> None:
    here = f"/banco/prodotti/{shop.products['formaggio']}"
    await carlo.get(here)
    for typed in ("9", "91", "tanto"):
        wrong = await carlo.send(SECTION, deposit_percent=typed)
        assert (wrong.status_code, wrong.one("#deposit_percent").attributes["value"]) == (422, typed)
        assert wrong.all("#deposit_percent-error")
        await carlo.get(here)
    await carlo.follow(await carlo.send(SECTION, deposit_percent="40"))
    async with shop.database.session(shop.id) as db:
        assert (await db.get_one(Product, shop.products["formaggio"])).deposit_percent == 40
    assert (await carlo.get("/prodotti/formaggio")).says("Si ordina con un acconto: 9,00\xa0€ subito")
    await carlo.get(here)
    await carlo.follow(await carlo.send(SECTION, deposit_percent=""))
    assert not (await carlo.get("/prodotti/formaggio")).says("acconto")


async def test_a_deposit_and_a_sale_by_weight_exclude_each_other(shop: TestShop, carlo: Browser) -> None:
    here, id_ = f"/banco/prodotti/{shop.products['formaggio']}", shop.variants["formaggio"]
    await sell_with_deposit(shop)
    await carlo.get(here)
    typed = {f"by_weight-{id_}": "1", f"kg_price-{id_}": "18,00", f"tolerance-{id_}": "10", f"net_amount-{id_}": "1200"}
    wrong = await carlo.send(f"#format-{id_}", **typed)
    assert (wrong.status_code, wrong.says("prima togli l’acconto")) == (422, True)
    await sell_with_deposit(shop, percent=None)
    await sell_by_weight(shop)
    await carlo.get(here)
    wrong = await carlo.send(SECTION, deposit_percent="40")
    assert (wrong.status_code, wrong.says("Un prodotto a peso non può avere un acconto")) == (422, True)
    assert wrong.one("#deposit_percent").attributes["value"] == "40"


async def test_the_product_page_asks_no_deposit_that_is_too_small(shop: TestShop, anna: Browser) -> None:
    await sell_with_deposit(shop, percent=10)
    assert (await anna.get("/prodotti/formaggio")).says("2,25\xa0€ subito")
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Variant).where(Variant.id == shop.variants["formaggio"]).values(price_minor=990))
        await db.execute(update(Product).where(Product.id == shop.products["formaggio"]).values(version=9))
    assert not (await anna.get("/prodotti/formaggio")).says("Si ordina con un acconto:")


async def test_a_mixed_cart_is_ordered_in_parts_and_nothing_is_lost(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await sell_with_deposit(shop)
    for sku in ("olio", "formaggio", "squacquerone"):
        await put(anna, shop, sku)
    cart = await anna.get("/carrello")
    assert cart.says("Un pezzo con acconto si ordina da solo")
    assert [button.text().strip() for button in cart.all("form[action='/carrello/parte'] button")] == [
        "Ordina Formaggio di fossa", "Ordina gli altri prodotti",
    ]  # fmt: skip
    assert cart.all("a[href='/cassa']") == []
    assert (await anna.get("/cassa")).headers["location"] == "/carrello", "nothing has been chosen"

    # the piece first: it alone is ordered, the rest stays
    chosen = await anna.post("/carrello/parte", {"ordering": str(shop.variants["formaggio"])})
    assert chosen.headers["location"] == "/cassa"
    page = await _on_to_review(anna)
    assert page.says("Formaggio di fossa")
    assert not page.says("Olio extravergine")
    answer = await press(anna)
    await stripe.pay(answer.headers["location"].rpartition("/")[2])
    await (ordered := Ordered(**vars(await found(shop, stripe)))).news()
    assert ((await ordered.group()).state, (await ordered.group()).deposit_minor) == ("deposited", AHEAD)
    cart = await anna.get("/carrello")
    assert cart.says("Olio extravergine")
    assert cart.says("Squacquerone di Romagna")
    assert not cart.says("Formaggio di fossa")
    assert cart.all("a[href='/cassa']")

    # the rest is an ordinary order
    await _on_to_review(anna)
    answer = await press(anna)
    await stripe.pay(answer.headers["location"].rpartition("/")[2])
    await ordered.news()
    assert sorted((group.state, group.deposit_minor) for group in await groups_of(shop)) == [
        ("deposited", AHEAD), ("paid", 0),
    ]  # fmt: skip
    assert (await anna.get("/carrello")).says("Il carrello è vuoto")
    await all_is_well(shop)


async def _on_to_review(anna: Browser) -> Answer:
    await to_delivery(anna)
    return await anna.follow(await anna.send("form[action='/cassa/consegna']"))


async def test_the_rest_first_and_the_choice_is_forgotten_when_it_makes_no_sense(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await sell_with_deposit(shop)
    await put(anna, shop, "olio")
    await put(anna, shop, "formaggio")
    await anna.post("/carrello/parte", {"ordering": "0"})
    page = await _on_to_review(anna)
    assert page.says("Olio extravergine")
    assert not page.says("Formaggio di fossa")
    assert not page.says("Acconto, da pagare adesso")
    for nonsense in ("-1", "x", ""):
        assert (await anna.post("/carrello/parte", {"ordering": nonsense})).headers["location"] == "/carrello"
    await anna.post("/carrello/parte", {"ordering": str(shop.variants["olio"])})
    assert (await anna.get("/cassa")).headers["location"] == "/carrello", "oil has no deposit"
    assert await groups_of(shop) == []


async def test_a_changed_deposit_is_shown_before_the_button_counts(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await sell_with_deposit(shop)
    await to_review(anna, shop, "formaggio")
    await sell_with_deposit(shop, percent=60)
    answer = await press(anna)
    assert (answer.status_code, answer.says("13,50\xa0€")) == (409, True)
    assert await groups_of(shop) == []


async def test_credit_is_refused_plainly_and_stays_where_it_is(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await sell_with_deposit(shop)
    await anna.sign_in(ANNA)
    await fill_wallet(shop, 4000)
    page = await to_review(anna, shop, "formaggio")
    assert page.says("Acconto e saldo si pagano con la carta")
    await anna.post("/cassa/credito", {"wallet": "1", "deed": "save"})
    await anna.get("/cassa/riepilogo")
    await press(anna)
    [group] = await groups_of(shop)
    assert (group.credit_minor, group.deposit_minor, await balances(shop)) == (0, AHEAD, {"wallet": 4000})
    await all_is_well(shop)


async def test_both_parts_are_paid_on_our_own_page_too(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    """One intent each. The balance's page may be left for days: whoever comes back pays on a fresh one."""
    await use_own_page(shop)
    await sell_with_deposit(shop)
    await to_review(anna, shop, "formaggio")
    page = await anna.follow(await press(anna))
    assert page.says("Da pagare adesso 9,00 €")
    ordered = Ordered(**vars(await found(shop, stripe)))
    await _pay_here(ordered, page)
    (deposit,) = await ordered.payments(DEPOSIT)
    assert ((await ordered.group()).state, deposit.way, deposit.amount_minor) == ("deposited", PAGE, AHEAD)

    await ordered.make(carlo)
    here = f"/ordini/{ordered.number}/saldo?chiave={ordered.key}"
    await anna.follow(await anna.post(here))
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Payment).where(Payment.part == BALANCE).values(expires_at=clock.now()))
    page = await anna.follow(await anna.post(here))
    assert page.says("Acconto, già pagato −9,00 €")
    assert page.says("Da pagare adesso 19,40 €")
    await _pay_here(ordered, page)
    assert (await ordered.group()).state == "paid"
    assert [(p.state, p.amount_minor) for p in await ordered.payments(BALANCE)] == [("expired", REST), ("paid", REST)]
    await all_is_well(shop)


async def _pay_here(ordered: Ordered, page: Answer) -> None:
    """As Stripe's script in the page does; then its news arrive."""
    secret = page.one("[data-pay]").attributes["data-secret"] or ""
    intent = secret.split("_secret_", maxsplit=1)[0]
    back = f"http://{ordered.shop.host}/cassa/esito/{ordered.number}?chiave={ordered.key}"
    await ordered.stripe.browse(
        "POST", f"/v1/payment_intents/{intent}/confirm", secret, payment_method="pm_card_visa", return_url=back
    )
    await ordered.news()


async def test_a_stranger_pays_and_asks_nothing(
    shop: TestShop, anna: Browser, bruno: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_with_deposit(shop)
    ordered = await order_piece(anna, shop, stripe)
    number = (await ordered.cheese()).number
    assert (await bruno.post(f"/banco/ordini/{number}/saldo")).status_code == 404
    assert (await anna.post(f"/banco/ordini/{number}/saldo")).status_code in {303, 401, 403}
    assert (await anna.post(f"/ordini/{ordered.number}/saldo?chiave=falsa")).status_code == 404
    assert (await bruno.post(f"/ordini/{ordered.number}/saldo")).status_code == 404
    early = await anna.follow(await anna.post(f"/ordini/{ordered.number}/saldo?chiave={ordered.key}"))
    assert early.says("L’acconto è arrivato"), "it has not been asked for"
    assert await ordered.payments("balance") == []
