"""Anna calls pieces off before she is charged for goods by weight: every page shows what is left, to the cent."""

from tests.cast import Answer, Browser, TestShop
from tests.commerce.weighing.props import all_is_well, buy, sell_by_weight
from tests.commerce.withdrawals.stage import FORM
from tests.queries import queries_of
from tests.stripe import Stripe


async def test_a_piece_called_off_is_in_no_sum(
    shop: TestShop, anna: Browser, bruno: Browser, dora: Browser, stripe: Stripe
) -> None:
    await sell_by_weight(shop)
    bought = await buy(anna, shop, stripe, "formaggio", "olio", "olio")  # 21.60 to 23.76, twice 19.00, twice 5.90
    oil, office = await bought.order("frantoio"), f"/amministrazione/ordini/{bought.number}"
    _page, before = await queries_of(anna, bought.link)
    assert (await anna.get(bought.link)).says("Al massimo, secondo il peso vero 73,56 €")

    back = f"/ordini/{bought.number}/recesso?chiave={bought.key}"
    line = await bought.line("olio")
    sent = {"name": "Anna Neri", "email": "anna@posta.example", "pieces": [f"{line.id}:1"]}
    await anna.follow(await anna.post(back, sent))
    await anna.follow(await anna.send(FORM))
    await shop.run_jobs()
    assert ((await bought.line("olio")).quantity, (await bought.group()).total_minor) == (1, 7356)

    page, after = await queries_of(anna, bought.link)
    shown = _said(page, f"parcel-{oil.id}")
    assert "1 × Olio" in shown
    assert "38,00" not in shown
    assert "Totale di Frantoio Olivi 24,90 €" in shown
    assert page.says("Prodotti al massimo 42,76 €")
    assert page.says("circa 52,40\xa0€")
    assert page.says("Al massimo, secondo il peso vero 54,56 €")
    assert not page.says("73,56")
    assert after <= before

    desk = await bruno.get(f"/banco/ordini/{oil.number}")
    money = _said(desk, "money")
    assert "Prodotti 19,00 €" in money
    assert "Trattenuta del negozio −2,85 €" in money
    assert "A te 22,05 €" in money

    whole = await dora.get(office)
    assert whole.says("Totale 24,90 €")
    assert whole.says("circa 52,40\xa0€")
    assert whole.says("Al massimo, secondo il peso vero 54,56 €")
    await all_is_well(shop)


async def test_an_order_called_off_costs_nothing_while_the_other_waits(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_by_weight(shop)
    bought = await buy(anna, shop, stripe, "formaggio", "olio")
    cheese = await bought.order("caseificio")
    await carlo.post(f"/banco/ordini/{cheese.number}/annullamento", {"note": "Finito"})
    page = await anna.get(bought.link)
    gone = _said(page, f"parcel-{cheese.id}")
    assert "1 × Formaggio di fossa 0,00 €" in gone
    assert "Totale di Caseificio Latte 0,00 € Vende" in gone
    assert page.says("Totale, IVA compresa circa 24,90 €")
    assert page.says("Al massimo, secondo il peso vero 24,90 €")


def _said(page: Answer, section: str) -> str:
    return " ".join(page.one(f"section[aria-labelledby={section}]").text(separator=" ").split())
