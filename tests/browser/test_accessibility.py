"""Every page of the journey, in light and dark: axe finds nothing serious, nothing is cut off, buttons can be hit."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, Page, StorageState, expect

from tests.browser import looking
from tests.browser.people import ADMIN, BUYER, DAIRY, OIL_MILL, STAFF, People
from tests.browser.server import Website
from tests.browser.steps import (
    CULATELLO_PATH,
    OIL_PATH,
    PARMIGIANO_PATH,
    RICOTTA_PATH,
    SANGIOVESE_PATH,
    Bought,
    add_button,
    add_product,
    buy,
    check_out,
    place_order,
)

pytestmark = [pytest.mark.browser, pytest.mark.markup]
Act = Callable[[Page], Awaitable[None]]


@dataclass
class Stage:
    """Who is who while pages are looked at: cookies of people who have got somewhere, and an order."""

    order: Bought
    part: str = ""  # the number of the oil mill's part of it
    goods: str = ""  # the address of one of the oil mill's products at its desk
    cookies: dict[str, StorageState] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """A page to look at. who: of the stage. act: what to do there first. status: what it may answer."""

    path: str
    who: str = "nobody"
    act: Act | None = None
    status: int = 200


async def _send_nothing(page: Page) -> None:
    await page.locator("main form").get_by_role("button").last.click()
    await expect(page.locator("[data-error-summary]")).to_be_focused()


async def _send_wrong_invoice(page: Page) -> None:
    await page.get_by_text("Mi serve la fattura").click()
    await page.get_by_label("A un’azienda o a un ente").check()
    await page.get_by_role("button", name="Vai alla consegna").click()
    await expect(page.locator("#partita_iva-error")).to_be_visible()


async def _send_child(page: Page) -> None:
    await page.locator("#birth_date").fill("01/01/2015")
    await page.get_by_role("button", name="Vai al riepilogo").click()
    await expect(page.locator("[data-error-summary]")).to_be_focused()


async def _open_drawer(page: Page) -> None:
    await add_button(page).click()
    await expect(page.locator("#drawer")).to_be_visible()


async def _ask_delivery(page: Page) -> None:
    await page.locator("#cap").fill("47121")
    await page.get_by_role("button", name="Calcola").click()
    await expect(page.locator("#delivery b")).to_be_visible()


async def _open_search(page: Page) -> None:
    await page.locator("#q").focus()
    await expect(page.locator("#suggestions [role=option]").first).to_be_visible()


async def _look_at_offer(page: Page) -> None:
    await page.get_by_label("Nome").fill("Prova")
    await page.get_by_label("Ribasso in percento").fill("10")
    await page.locator("input[type=checkbox][name^=pick]").first.check()
    await page.get_by_role("button", name="Guarda che cosa si vedrà").click()
    await expect(page.locator(".offers__seen").first).to_be_visible()


async def _open_filters(page: Page) -> None:
    await page.locator(".narrow__head").click()
    await expect(page.get_by_role("button", name=re.compile(r"Mostra \d+ prodott"))).to_be_visible()


async def _type_a_word(page: Page) -> None:
    await page.locator("#q").press_sequentially("parmi")
    await expect(page.get_by_role("option").first).to_be_visible()


async def _save_wish(page: Page) -> None:
    await page.get_by_role("button", name="Salva nei preferiti").click()
    await expect(page.locator("#wish").get_by_role("link", name="I miei preferiti")).to_be_visible()
    await page.goto("/preferiti")
    await expect(page.locator("main .card")).to_be_visible()


async def _ask_alert(page: Page) -> None:
    await page.get_by_role("button", name="Avvisami quando torna").click()
    await expect(page.locator("#alert").get_by_label("E-mail")).to_be_visible()


async def _go_away(page: Page) -> None:
    await place_order(page)
    await page.locator("#leave").click()
    await expect(page.get_by_role("button", name="Riprova il pagamento")).to_be_visible()


async def _open_mail(page: Page) -> None:
    await page.locator(".mails a").first.click()
    await expect(page.locator("iframe")).to_be_visible()


async def _type_wrong_sign_in(page: Page) -> None:
    await page.get_by_label("E-mail").fill("nessuno@posta.example")
    await page.get_by_label("Password").fill("non la so proprio")
    await page.get_by_role("button", name="Entra").click()
    await expect(page.locator("[data-error-summary]")).to_be_visible()


async def _send_wrong_rules(page: Page) -> None:
    await page.locator("main form input[inputmode]").first.fill("per sempre")
    await page.locator("main form").get_by_role("button").last.click()
    await expect(page.locator("[data-error-summary]")).to_be_focused()


PAGES = {
    "home": Shown("/"),
    "home in German": Shown("/de"),
    "all products": Shown("/prodotti"),
    "filters": Shown("/prodotti", act=_open_filters),
    "filtered products": Shown("/prodotti?marchio=DOP&provincia=MO&provincia=RE&senza=uova"),
    "nothing with these filters": Shown("/prodotti?marchio=DOP&prezzo-da=9000"),
    "category": Shown("/categorie/formaggi-stagionati"),
    "producers": Shown("/produttori"),
    "producer": Shown("/produttori/frantoio-colle-ghiacciolo"),
    "product": Shown(OIL_PATH),
    "product with delivery": Shown(RICOTTA_PATH, act=_ask_delivery),
    "product with alcohol": Shown(SANGIOVESE_PATH),
    "product with a deposit": Shown(CULATELLO_PATH),
    "basket that is ordered in two": Shown("/carrello", "patient"),
    "review with a deposit": Shown("/cassa/riepilogo", "depositor"),
    "product sold out": Shown("/prodotti/ricotta-vaccina-affumicata"),
    "alert for a guest": Shown("/prodotti/ricotta-vaccina-affumicata", act=_ask_alert),
    "product of another season": Shown("/prodotti/pesca-e-nettarina-di-romagna"),
    "seasons": Shown("/stagioni"),
    "product in its season": Shown("/prodotti/cotechino-modena"),
    "product on offer": Shown("/prodotti/olio-extravergine-monocultivar-ghiacciola"),
    "calendar of the seasons": Shown("/stagioni"),
    "popular searches": Shown("/", act=_open_search),
    "drawer": Shown(OIL_PATH, act=_open_drawer),
    "search": Shown("/cerca?q=parmigiano"),
    "suggestions": Shown("/", act=_type_a_word),
    "search with a slip": Shown("/cerca?q=parmiggiano"),
    "search without results": Shown("/cerca?q=zzzzqqq"),
    "search without a word": Shown("/cerca"),
    "wishes": Shown(OIL_PATH, act=_save_wish),
    "no wishes": Shown("/preferiti"),
    "no alerts": Shown("/avvisi", "buyer"),
    "seen lately": Shown("/visti", "shopper"),
    "nothing seen": Shown("/visti"),
    "for everybody": Shown("/per-te"),
    "for a buyer": Shown("/per-te", "buyer"),
    "how things are sorted": Shown("/come-ordiniamo"),
    "without a network": Shown("/offline"),
    "empty basket": Shown("/carrello"),
    "basket": Shown("/carrello", "shopper"),
    "contact": Shown("/cassa", "shopper"),
    "contact with mistakes": Shown("/cassa", "guest", _send_nothing),
    "invoice with mistakes": Shown("/cassa", "shopper", _send_wrong_invoice),
    "delivery": Shown("/cassa/consegna", "shopper"),
    "delivery with mistakes": Shown("/cassa/consegna", "adult", _send_child),
    "review": Shown("/cassa/riepilogo", "shopper"),
    "pay page": Shown("/cassa/riepilogo", "payer", place_order),
    "not paid": Shown("/cassa/riepilogo", "leaver", _go_away),
    "order": Shown("{order}"),
    "find an order": Shown("/ordini"),
    "sign in": Shown("/accedi"),
    "sign in refused": Shown("/accedi", act=_type_wrong_sign_in),
    "register": Shown("/registrati"),
    "profile": Shown("/profilo", "buyer"),
    "orders of a buyer": Shown("/ordini", "buyer"),
    "desk": Shown("/banco", "producer"),
    "desk with nothing to do": Shown("/banco", "dairy"),
    "order at the desk": Shown("/banco/ordini/{part}", "producer"),
    "packing list": Shown("/banco/lista", "producer"),
    "slip": Shown("/banco/ordini/{part}/bolla", "producer"),
    "orders of a producer": Shown("/banco/ordini", "producer"),
    "stock": Shown("/banco/magazzino", "producer"),
    "prices": Shown("/banco/prodotti", "producer"),
    "offers": Shown("/banco/offerte", "producer"),
    "new offer": Shown("/banco/offerte/nuova", "producer", _look_at_offer),
    "new offer with mistakes": Shown("/banco/offerte/nuova", "producer", _send_nothing),
    "history of a price": Shown("/banco/prezzi/ER068", "producer"),
    "closures": Shown("/banco/chiusure", "producer"),
    "product at the desk": Shown("{goods}", "producer"),
    "pictures of a product": Shown("{goods}/immagini", "producer"),
    "new product": Shown("/banco/prodotti/nuovo", "producer"),
    "import": Shown("/banco/importa", "producer"),
    "reviews of a producer's goods": Shown("/banco/recensioni", "producer"),
    "until when orders are open": Shown("/banco/aggiunte", "producer"),
    "refills": Shown("/banco/rifornimenti", "producer"),
    "rules of prices": Shown("/banco/prezzi-dinamici", "producer"),
    "new rule with mistakes": Shown("/banco/prezzi-dinamici/nuova", "producer", _send_nothing),
    "promotions of a producer": Shown("/banco/promozioni", "producer"),
    "takings": Shown("/banco/incassi", "producer"),
    "account with Stripe": Shown("/banco/incassi/conto", "producer"),
    "sales": Shown("/banco/vendite", "producer"),
    "documents of a producer": Shown("/banco/documenti", "producer"),
    "tax facts": Shown("/banco/dati-fiscali", "producer"),
    "refund at the desk": Shown("/banco/ordini/{part}/rimborso", "producer"),
    "withdrawals of a producer": Shown("/banco/recessi", "producer"),
    "stored value": Shown("/profilo/credito", "buyer"),
    "gift card": Shown("/buono"),
    "gift card to give": Shown("/buono/regala"),
    "staff": Shown("/amministrazione", "staff"),
    "refund of staff": Shown("/amministrazione/ordini/{number}/rimborso", "staff"),
    "refunds": Shown("/amministrazione/rimborsi", "staff"),
    "withdrawals": Shown("/amministrazione/recessi", "staff"),
    "disputes": Shown("/amministrazione/contestazioni", "staff"),
    "books": Shown("/amministrazione/conti", "staff"),
    "ledger": Shown("/amministrazione/libro", "staff"),
    "events of Stripe": Shown("/amministrazione/eventi", "staff"),
    "credit": Shown("/amministrazione/credito", "staff"),
    "rules of credit": Shown("/amministrazione/credito/regole", "admin"),
    "rules of credit with mistakes": Shown("/amministrazione/credito/regole", "admin", _send_wrong_rules),
    "accounts of producers": Shown("/amministrazione/conti-collegati", "staff"),
    "documents": Shown("/amministrazione/documenti", "staff"),
    "promotions": Shown("/amministrazione/promozioni", "staff"),
    "why a promotion does not apply": Shown("/amministrazione/promozioni/prova", "staff"),
    "rules of the shop": Shown("/amministrazione/prezzi-dinamici", "staff"),
    "reviews to be read": Shown("/amministrazione/recensioni", "staff"),
    "group": Shown("/amministrazione/ordini/{number}", "staff"),
    "jobs": Shown("/amministrazione/lavori", "staff"),
    "log": Shown("/amministrazione/registro", "staff"),
    "outgoing mail": Shown("/amministrazione/posta", "staff"),
    "reviews of a product": Shown(f"{OIL_PATH}/recensioni"),
    "how reviews work": Shown("/recensioni/come-funzionano"),
    "terms of sale": Shown("/condizioni"),
    "right of withdrawal": Shown("/recesso"),
    "privacy": Shown("/privacy"),
    "mailbox": Shown("/posta"),
    "mail": Shown("/posta", act=_open_mail),
    "not there": Shown("/prodotti/che-non-c-e", status=404),
    "not allowed": Shown("/amministrazione", "buyer", status=403),
}


@pytest.fixture(scope="module")
async def stage(website: Website, chromium: Browser) -> AsyncIterator[Stage]:
    """An order of the oil mill, and people on their way."""
    people = People(chromium, website.base)
    stage = Stage(await buy(await people.enter(), OIL_PATH))
    for who, email in {"buyer": BUYER, "producer": OIL_MILL, "dairy": DAIRY, "staff": STAFF, "admin": ADMIN}.items():
        page = await people.sign_in(email, "/profilo")
        stage.cookies[who] = await page.context.storage_state()
        if who == "producer":
            await page.goto("/banco")
            address = await page.locator(".ticket__link").filter(has_text=stage.order.number).get_attribute("href")
            stage.part = (address or "").rpartition("/")[2]
            await page.goto("/banco/prodotti")
            goods = page.locator("main a[href^='/banco/prodotti/']:not([href$=nuovo])").first
            stage.goods = await goods.get_attribute("href") or ""
    stage.cookies["guest"] = await _with_basket(people, OIL_PATH)
    stage.cookies["shopper"] = await _with_basket(people, OIL_PATH, RICOTTA_PATH, go_on=True)
    for who in ("payer", "leaver"):
        stage.cookies[who] = await _with_basket(people, PARMIGIANO_PATH, go_on=True)
    stage.cookies["patient"] = await _with_basket(people, CULATELLO_PATH, OIL_PATH)
    stage.cookies["depositor"] = await _with_basket(people, CULATELLO_PATH, go_on=True)
    stage.cookies["adult"] = await _with_basket(people, SANGIOVESE_PATH, go_on=True, birth_date="01/01/1970")
    yield stage
    await people.leave()


async def _with_basket(people: People, *paths: str, go_on: bool = False, birth_date: str = "") -> StorageState:
    page = await people.enter()
    for path in paths:
        await add_product(page, path)
    if go_on:
        await check_out(page, birth_date=birth_date)
    return await page.context.storage_state()


async def test_axe_is_awake(people: People) -> None:
    """A page that is spoilt on purpose is found out, in the scheme in which it is."""
    page = await people.enter("/accedi")
    await page.evaluate(looking.AXE)
    await page.locator("main p").first.evaluate("text => text.style.color = 'rgb(127 127 127 / 0.5)'")
    await page.locator("#email").evaluate("input => input.id = 'other'")
    found = " ".join(await looking.axe(page, "light"))
    assert "color-contrast" in found
    assert "label" in found
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(ground)
    await page.emulate_media(color_scheme="dark")
    assert await page.evaluate(ground) != light


@pytest.mark.parametrize("name", PAGES)
async def test_everybody_can_use_the_page(name: str, people: People, stage: Stage) -> None:
    shown = PAGES[name]
    people.expected.add(shown.status)
    page = await people.enter(None, on="phone", storage_state=stage.cookies.get(shown.who))
    faults = await _look(page, shown, stage)
    assert not faults, "\n".join(faults)


async def _look(page: Page, shown: Shown, stage: Stage) -> list[str]:
    answer = await page.goto(_address(shown.path, stage))
    assert answer
    assert answer.status == shown.status
    if shown.act:
        await shown.act(page)
    return await looking.faults(page)


def _address(path: str, stage: Stage) -> str:
    return path.format(order=stage.order.url, number=stage.order.number, part=stage.part, goods=stage.goods)
