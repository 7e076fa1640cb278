"""Anna orders a cheese that Carlo makes for her: a deposit now, the balance by a private link when it is ready."""

from sqlalchemy import select

from app.commerce.payments.models import Transfer
from tests.cast import Browser, TestShop
from tests.commerce.deposits.props import (
    AHEAD,
    REST,
    TOTAL,
    Ordered,
    all_is_well,
    on_shelf,
    order_piece,
    sell_with_deposit,
)
from tests.commerce.sold import audits, mails
from tests.commerce.test_checkout import press, to_review
from tests.stripe import Stripe


async def test_from_the_product_page_to_the_parcel(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_with_deposit(shop)
    page = await anna.get("/prodotti/formaggio")
    assert page.says("Si ordina con un acconto: 9,00\xa0€ subito, 13,50\xa0€ quando è pronto, prima della consegna.")
    ordered = await order_piece(anna, shop, stripe)
    await _taken_on(ordered, anna)
    await _made(ordered, anna, carlo)
    await _paid_whole(ordered, anna, carlo, stripe)


async def test_the_review_says_total_deposit_and_balance_above_the_button_of_the_law(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await sell_with_deposit(shop)
    page = await to_review(anna, shop, "formaggio")
    box = page.one("#review-total").text(separator=" ")
    for said in ("28,40\xa0€", "Acconto, da pagare adesso", "9,00\xa0€", "Saldo, quando è pronto", "19,40\xa0€"):
        assert said in box
    assert "Adesso paghi l’acconto" in box
    assert page.one("form[action='/cassa/riepilogo'] button").text() == "Ordine con obbligo di pagare"
    assert page.all("form[action='/cassa/credito']") == []
    answer = await press(anna)
    session = await stripe.get(f"/v1/checkout/sessions/{answer.headers['location'].rpartition('/')[2]}")
    assert session["amount_total"] == AHEAD


async def _taken_on(ordered: Ordered, anna: Browser) -> None:
    shop, group = ordered.shop, await ordered.group()
    assert (group.state, group.total_minor, group.deposit_minor, group.paid_at) == ("deposited", TOTAL, AHEAD, None)
    assert ((await ordered.deposit()).amount_minor, (await ordered.cheese()).state) == (AHEAD, "pending")
    assert (await ordered.account("deposits"), await ordered.account("stripe_balance")) == (-AHEAD, AHEAD)
    assert (await ordered.account("fee_income"), await on_shelf(shop, "formaggio")) == (0, 1)
    assert (await anna.get("/carrello")).says("Il carrello è vuoto")
    page = await anna.get(ordered.link)
    assert page.says("L’acconto è arrivato e il produttore ci lavora")
    assert page.all(f"form[action^='/ordini/{ordered.number}/saldo']") == []
    assert page.says("Finché non paghi il saldo recedi annullando l’ordine")
    (contract,) = await mails(shop, "order.confirmation")
    assert "l’acconto è pagato" in contract.text
    for said in ("28,40\xa0€", "Acconto, pagato con l’ordine: 9,00\xa0€", "Saldo, quando è pronto: 19,40\xa0€"):
        assert said in contract.text
    assert "è confermato e pagato" not in contract.text
    assert all("chiedi il saldo" in mail.text for mail in await mails(shop, "order.arrived"))
    await all_is_well(shop)


async def _made(ordered: Ordered, anna: Browser, carlo: Browser) -> None:
    """It cannot be packed or sent before its balance; asking twice asks once."""
    shop, here = ordered.shop, f"/banco/ordini/{(await ordered.cheese()).number}"
    early = await carlo.follow(await carlo.post(f"{here}/saldo"))
    assert early.says("Prima conferma l’ordine")
    await carlo.post(f"{here}/conferma")
    assert (await carlo.get("/banco")).says("È pronto: chiedi il saldo")
    assert (await carlo.post(f"{here}/preparazione")).status_code == 409
    page = await carlo.get(here)
    assert page.one(f"form[action='{here}/saldo'] button").text() == "È pronto: chiedi il saldo"
    for _twice in range(2):
        await carlo.post(f"{here}/saldo")
    await shop.run_jobs()
    (asked,) = await mails(shop, "deposit.ask")
    assert (asked.recipient, "19,40\xa0€" in asked.text) == ("Anna@posta.example", True)
    assert f"/ordini/{ordered.number}?chiave={ordered.key}" in asked.text
    assert [entry.action for entry in await audits(shop)].count("order.balance_asked") == 1
    assert (await carlo.get(here)).says("Non spedire ancora: il saldo non è pagato.")
    refused = await carlo.post(f"{here}/spedizione", {"carrier": "van", "tracking_number": ""})
    assert (refused.status_code, refused.says("Il saldo non è ancora pagato")) == (409, True)
    assert (await carlo.post(f"{here}/consegna")).status_code == 409
    shown = await anna.get(ordered.link)
    assert shown.says("È pronto: manca il saldo")
    assert shown.one(f"form[action^='/ordini/{ordered.number}/saldo'] button").text().startswith("Paga il saldo")
    await all_is_well(shop)


async def _paid_whole(ordered: Ordered, anna: Browser, carlo: Browser, stripe: Stripe) -> None:
    """The deposit leaves its account, and the producer gets his part of the whole, once."""
    shop = ordered.shop
    session = await ordered.go_and_pay(anna)
    assert (await stripe.get(f"/v1/checkout/sessions/{session}"))["amount_total"] == REST
    await stripe.pay(session)
    await ordered.news()
    group, order = await ordered.group(), await ordered.cheese()
    assert (group.state, (await ordered.balance()).amount_minor, order.state) == ("paid", REST, "processing")
    assert await ordered.account("deposits") == 0
    assert order.ship_by is not None
    await _transferred(ordered, TOTAL - order.fee_minor)
    assert await ordered.account("fee_income") == -order.fee_minor
    told = [mail.recipient for mail in await mails(shop, "deposit.paid")]
    assert {"Anna@posta.example", "carlo@caseificio.example"} <= set(told)
    here = f"/banco/ordini/{order.number}"
    assert (await carlo.post(f"{here}/spedizione", {"carrier": "van", "tracking_number": ""})).status_code == 303
    assert (await anna.get(ordered.link)).says("È in viaggio")
    await all_is_well(shop)


async def _transferred(ordered: Ordered, amount_minor: int) -> None:
    """No charge covers the producer's part: it goes out of our balance, once, as soon as there is enough."""
    async with ordered.shop.database.session(ordered.shop.id) as db:
        (transfer,) = await db.scalars(select(Transfer))
    assert (transfer.amount_minor, transfer.from_charge) == (amount_minor, False)
    assert (transfer.state, transfer.error) in {("due", "balance_insufficient"), ("sent", None)}
