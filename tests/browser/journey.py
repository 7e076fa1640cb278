"""The one journey of the shop, in parts; both journeys play it, one with live pages and one with reloads."""

import re
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser.people import STAFF, People
from tests.browser.steps import (
    CONTACT,
    OIL,
    PARMIGIANO,
    RICOTTA,
    Bought,
    add_button,
    fill_contact,
    heading,
    place_order,
    press,
    put_in_basket,
    read_mail,
    reload_until,
    thanked,
)

CAP = "47121"
PRODUCERS = ("Frantoio Colle Ghiacciolo", "Caseificio Tre Torri", "Caseificio Sant’Ilario in Colle")
EURO = re.compile(r"(\d[\d.]*,\d\d)\s*€")
SHIPPED = f"Il pacco di {PRODUCERS[0]} è partito"
TRACKING_NUMBER = "M1123456789"  # as GLS writes them
COMPANY = {"company": "Osteria del Gelso srl", "partita_iva": "00743110157", "sdi": "M5UXCR1"}


@dataclass(frozen=True)
class Total:
    """What the review asked for, as text."""

    amount: str


async def look_around(page: Page) -> None:
    """Home in Italian, in English and back; a category the same, on the same page."""
    await expect(page.locator("html")).to_have_attribute("lang", "it")
    italian = await heading(page).inner_text()
    languages = page.locator(".strip nav")
    await languages.get_by_role("link", name="English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page).to_have_url(re.compile(r"/en/?$"))
    await expect(heading(page)).not_to_have_text(italian)
    await languages.get_by_role("link", name="Italiano").click()
    await expect(heading(page)).to_have_text(italian)
    await press(page.locator(".tiles").get_by_role("link", name=re.compile("^Olio")))
    await expect(page).to_have_url(re.compile(r"/categorie/olio$"))
    await languages.get_by_role("link", name="English").click()
    await expect(page).to_have_url(re.compile(r"/en/categorie/olio$"))
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await languages.get_by_role("link", name="Italiano").click()
    await expect(page).to_have_url(re.compile(r"/categorie/olio$"))
    await expect(page.locator("html")).to_have_attribute("lang", "it")


async def look_at_a_product(page: Page) -> None:
    """From a category to a product, and what delivery to Forlì costs."""
    await press(page.locator(".card").get_by_role("link", name=OIL))
    await expect(heading(page)).to_contain_text(OIL)
    main = page.locator("main")
    await expect(main.locator(".mark").first).to_have_text("DOP")
    await expect(main.locator(".price--large")).to_contain_text(re.compile(r"26,90\s€"))
    await expect(main.locator(".price--large")).to_contain_text("/l")
    await expect(main.locator(".product__picture img")).to_be_visible()
    await expect(main).to_contain_text(PRODUCERS[0])
    await page.locator("#cap").fill("4712")
    await page.get_by_role("button", name="Calcola").click()
    await expect(page.locator("#cap-error")).to_be_visible()
    await page.locator("#cap").fill(CAP)
    await page.get_by_role("button", name="Calcola").click()
    await expect(page.locator("#delivery")).to_contain_text(EURO)
    await expect(page.locator("#cap-error")).to_have_count(0)


async def fill_the_basket(page: Page) -> None:
    """From a product page, a listing and a search: three producers."""
    await put_in_basket(page, add_button(page), OIL, 1)
    await page.goto("/categorie/formaggi-freschi")
    await put_in_basket(page, _add_of(page, RICOTTA), RICOTTA, 2)
    await page.locator("#q").fill("parmigiano")
    await page.get_by_role("button", name="Cerca", exact=True).click()
    await expect(heading(page)).to_contain_text("parmigiano")
    await put_in_basket(page, _add_of(page, PARMIGIANO), PARMIGIANO, 3)
    await page.locator("#basket-link").click()
    await expect(page.locator(".group__name")).to_have_count(3)
    for name in PRODUCERS:
        await expect(page.locator(".group__name").filter(has_text=name)).to_have_count(1)


def _add_of(page: Page, name: str) -> Locator:
    """The add button of a card; its name names the product too."""
    return page.get_by_role("button", name=re.compile(rf"^Aggiungi\W+{name}$"))


async def change_the_basket(page: Page, *, live: bool) -> None:
    """More, none, and none after all; then what delivery costs."""
    ricotta = page.locator(".line").filter(has_text=RICOTTA)
    if live:
        await ricotta.get_by_role("button", name="Uno in più").click()
        await expect(page.locator("#live")).to_have_text("Quantità aggiornata.")
    else:
        await ricotta.get_by_label("Quantità").fill("2")
        await ricotta.get_by_role("button", name="Aggiorna").click()
    await expect(page.locator("#basket-link .basket__count")).to_have_text("4")
    await expect(ricotta.locator(".line__total")).to_contain_text("8,40")
    await page.locator(".line").filter(has_text=PARMIGIANO).get_by_role("button", name="Togli").click()
    await expect(page.locator(".group__name")).to_have_count(2)
    await expect(page.locator("#cart")).to_contain_text(f"Tolto dal carrello: {PARMIGIANO}")
    await page.get_by_role("button", name="Rimettilo").click()
    await expect(page.locator(".group__name")).to_have_count(3)
    await page.locator("#cap").fill(CAP)
    await page.get_by_role("button", name=re.compile("^(Calcola la consegna|Cambia)$")).click()
    await expect(page.locator(".cart__total")).to_contain_text(f"Consegna a {CAP}")


async def check_out_with_mistakes(page: Page, email: str) -> Total:
    """Contact with mistakes and an invoice, delivery, review; what was typed is never lost."""
    await page.get_by_role("link", name="Vai alla cassa").click()
    await fill_contact(page, email="gino@", postal_code="4712", phone="12", street="")
    await page.get_by_text("Mi serve la fattura").click()
    await page.get_by_label("A un’azienda o a un ente").check()
    for name, value in {**COMPANY, "partita_iva": "12345678901"}.items():
        await page.locator(f"#{name}").fill(value)
    send = page.get_by_role("button", name="Vai alla consegna")
    await send.click()
    summary = page.locator("[data-error-summary]")
    await expect(summary).to_be_focused()
    wrong = ("email", "street", "postal_code", "phone", "partita_iva")
    await expect(summary.get_by_role("link")).to_have_count(len(wrong))
    for name in wrong:
        await expect(page.locator(f"#{name}-error")).to_be_visible()
        await expect(page.locator(f"#{name}")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#name")).to_have_value(CONTACT["name"])
    await expect(page.locator("#email")).to_have_value("gino@")
    await expect(page.locator("#company")).to_have_value(COMPANY["company"])
    await summary.get_by_role("link").first.click()
    await expect(page.locator("#email")).to_be_focused()
    await fill_contact(page, email=email)
    await page.locator("#partita_iva").fill(COMPANY["partita_iva"])
    await send.click()
    return await _choose_delivery(page)


async def _choose_delivery(page: Page) -> Total:
    await expect(heading(page)).to_have_text("Come te lo portiamo?")
    await expect(page.locator(".parcel")).to_have_count(3)
    await page.locator("#note").fill("Il citofono è quello in basso.")
    await page.get_by_role("button", name="Vai al riepilogo").click()
    await expect(heading(page)).to_have_text("È tutto giusto?")
    main = page.locator("main")
    for text in (OIL, RICOTTA, PARMIGIANO, CONTACT["street"], "Forlì", COMPANY["company"], "Il citofono", "di cui IVA"):
        await expect(main).to_contain_text(text)
    total = EURO.search(await page.locator(".box .sum--total").inner_text())
    assert total
    return Total(total[1])


async def pay(page: Page, total: Total, email: str) -> Bought:
    await place_order(page)
    await expect(page.locator("#total")).to_contain_text(total.amount)
    await page.locator("#pay").click()
    bought = await thanked(page, email)
    await expect(page.locator("#parcels .parcel")).to_have_count(3)
    await expect(page.locator("main")).to_contain_text(total.amount)
    return bought


async def read_the_confirmation(people: People, bought: Bought, total: Total, **how: Any) -> None:
    reader = await people.enter(None, **how)
    text = await read_mail(reader, f"Il tuo ordine {bought.number}", bought.email)
    for part in (OIL, RICOTTA, PARMIGIANO, total.amount, CONTACT["street"], bought.number, "recesso"):
        assert part.lower() in text.lower(), f"the confirmation does not name {part}:\n{text}"


async def make_ready(desk: Page, bought: Bought) -> None:
    """Confirm and pack, from the list of today's work."""
    ticket = desk.locator("#work .ticket").filter(has_text=bought.number)
    await expect(ticket).to_contain_text(OIL)
    await expect(ticket).not_to_contain_text(RICOTTA)  # another producer's
    await desk.get_by_role("link", name="Lista", exact=True).click()
    await expect(desk.locator(".picks")).to_contain_text(OIL)
    await desk.goto("/banco")
    await desk.locator("#pending").locator(".ticket").filter(has_text=bought.number).get_by_role("button").click()
    await desk.locator("#confirmed").locator(".ticket").filter(has_text=bought.number).get_by_role("button").click()
    await desk.locator("#processing").locator(".ticket").filter(has_text=bought.number).get_by_text("Spedisci").click()


async def ship(desk: Page) -> None:
    """Hand it to the carrier; a number that is none of theirs is refused first."""
    await desk.locator("#carrier").select_option("gls")
    await desk.locator("#tracking_number").fill("abc")
    await desk.get_by_role("button", name="È partito").click()
    await expect(desk.locator("#tracking_number-error")).to_be_visible()
    await expect(desk.locator("#tracking_number")).to_have_value("abc")
    await desk.locator("#tracking_number").fill(TRACKING_NUMBER)
    await desk.get_by_role("button", name="È partito").click()
    await expect(desk.locator("#order .status").first).to_have_text("Spedito")


async def staff_see_it_all(people: People, bought: Bought, total: Total, **how: Any) -> None:
    """Orders, payment, transfers, ledger, story and mail of the group; the ledger adds up to nothing."""
    staff = await people.sign_in(STAFF, "/amministrazione", **how)
    await staff.get_by_role("link", name=bought.number).click()
    await expect(heading(staff)).to_have_text(bought.number)
    main = staff.locator("main")
    for text in (*PRODUCERS, total.amount, bought.email, TRACKING_NUMBER, COMPANY["partita_iva"]):
        await expect(main).to_contain_text(text)
    await reload_until(staff, _table(staff, "Posta").locator("tbody tr").nth(1))
    await expect(_table(staff, "Pagamenti").locator(".status")).to_have_text("Pagato")
    await expect(_table(staff, "Ai produttori").locator("tbody tr")).to_have_count(3)
    await expect(_table(staff, "Che cosa è successo")).to_contain_text("Spedito")
    ledger = _table(staff, "Libro dei conti")
    debit, credit = [await _sum(ledger, column) for column in (5, 6)]
    assert debit == credit > 0


def _table(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


async def _sum(table: Locator, column: int) -> int:
    cells = await table.locator(f"tbody td:nth-child({column})").all_inner_texts()
    amounts = [EURO.search(cell) for cell in cells]
    return sum(int(re.sub(r"\D", "", amount[1])) for amount in amounts if amount)
