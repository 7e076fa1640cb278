"""What is written to buyers and producers: whole, in their language, once."""

import re

import pytest

from app.kernel.db import transaction
from app.kernel.i18n import LOCALES
from app.kernel.outbox import add_job
from app.web.addresses import site
from tests.cast import Browser, TestShop
from tests.commerce.sold import mails, sell


async def test_the_confirmation_holds_the_whole_contract(shop: TestShop) -> None:
    sold = await sell(shop, invoice={"kind": "company", "company": "Osteria Neri", "partita_iva": "00743110157"})
    await shop.run_jobs()
    [mail] = await mails(shop, "order.confirmation")
    assert mail.recipient == "Anna@posta.example"
    assert mail.subject.startswith(f"Il tuo ordine {sold.number}")
    for sentence in (
        "Frantoio Olivi s.a.",
        "99999019997",
        "Via Roma 1, 48013 Brisighella (RA)",
        "info@caseificio.example",
        "2 × Olio extravergine, confezione",
        "19,00\xa0€",
        "IVA 4%",
        "38,00\xa0€",
        "54,70\xa0€",
        "imponibile",
        "Via Mazzini 3",
        "47121 Forlì (FC)",
        "+393331234567",
        "Citofono Neri",
        "00743110157",
        "arriva ",
        "Recesso escluso: prodotto deperibile (art. 59, lett. d, Codice del consumo)",
        "finché la confezione resta sigillata",
        "Hai 14 giorni per ripensarci",
        "Modulo di recesso tipo",
        "notifichiamo il recesso dal mio/nostro (*) contratto di vendita",
        "garanzia legale di conformità",
        "Reclami",
        "Tavola Prova soc. coop.",
        "Fra 0 e +4 °C",
    ):
        assert sentence in mail.text, sentence
        assert sentence in mail.html, sentence
    assert "54,70\xa0€\ndi cui IVA" in mail.text
    assert sold.link in mail.text
    assert f"{site(shop.app.settings, await facts(shop))}{sold.link}" in mail.html
    assert "/recesso" in mail.text


async def facts(shop: TestShop):
    found = await shop.app.find_shop(shop.host)
    assert found is not None
    return found


async def test_no_mail_is_large_or_calls_home(shop: TestShop) -> None:
    await sell(shop, {"olio": 1, "aceto": 1, "squacquerone": 2, "formaggio": 1, "sangiovese": 6}, note="<b>Ciao</b>")
    await shop.run_jobs()
    for mail in await mails(shop):
        assert len(mail.html.encode()) <= 30_000, (mail.kind, len(mail.html.encode()))
        assert not re.search(r"<(img|script|link|iframe)\b", mail.html)
        assert "consumers/odr" not in mail.html + mail.text
        assert "<b>Ciao" not in mail.html
        assert "&lt;" not in mail.text
        assert not re.search(r"\n{4,}", mail.text), mail.text


async def test_each_producer_hears_of_his_part_only(shop: TestShop) -> None:
    sold = await sell(shop)
    await shop.run_jobs()
    arrived = await mails(shop, "order.arrived")
    assert {mail.recipient for mail in arrived} == {
        "info@frantoio.example",
        "bruno@frantoio.example",
        "bice@frantoio.example",
        "info@caseificio.example",
        "carlo@caseificio.example",
    }
    for mail in arrived:
        mine = "Olio" if "frantoio" in mail.recipient else "Squacquerone"
        assert mine in mail.text
        assert not {"Olio", "Squacquerone"} - {mine} & set(mail.text.split())
    mill = next(mail for mail in arrived if mail.recipient == "info@frantoio.example")
    assert sold.desk("frantoio") in mill.text
    assert "a te 38,20\xa0€" in mill.text  # 38,00 less 15 %, and 5,90 for the delivery


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_buyer_reads_his_own_language(shop: TestShop, locale: str) -> None:
    sold = await sell(shop, locale=locale)
    await shop.run_jobs()
    [mail] = await mails(shop, "order.confirmation")
    assert mail.locale == locale
    assert f'<html lang="{locale}"' in mail.html
    assert ("" if locale == "it" else f"/{locale}") + sold.link in mail.text
    if locale == "en":
        assert "€54.70" in mail.text
        assert "Olio extravergine (en)" in mail.text


async def test_a_job_that_runs_twice_writes_once(shop: TestShop) -> None:
    sold = await sell(shop)
    await shop.run_jobs()
    written = len(await mails(shop))
    async with shop.database.session(shop.id) as db, transaction(db):
        add_job(db, "orders.confirm_by_mail", group_id=sold.id)
        add_job(db, "orders.announce", group_id=sold.id)
    await shop.run_jobs()
    assert len(await mails(shop)) == written


async def test_who_paid_too_late_is_told_that_it_comes_back(shop: TestShop) -> None:
    sold = await sell(shop, state="refunding", paid_at=None)
    async with shop.database.session(shop.id) as db, transaction(db):
        add_job(db, "orders.tell_refund", group_id=sold.id)
    await shop.run_jobs()
    [mail] = await mails(shop, "order.refund")
    assert "Ti restituiamo tutto, 54,70\xa0€" in mail.text


async def test_the_local_mailbox_shows_them(shop: TestShop, anna: Browser) -> None:
    assert (await anna.get("/posta")).says("Ancora nessuna mail")
    sold = await sell(shop)
    await shop.run_jobs()
    box = await anna.get("/posta")
    path = next(a.attributes["href"] for a in box.all(".mails a") if sold.number in a.text())
    page = await anna.get(path)
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert page.one("iframe").attributes["src"] == f"{path}/corpo"
    body = await anna.get(f"{path}/corpo")
    assert "sandbox" in body.headers["content-security-policy"]
    assert "frame-src" not in (await anna.get("/posta")).headers["content-security-policy"]
    assert (await anna.get("/posta/999999999")).status_code == 404
