"""Dora reads before anybody else does, and decides for lawful reasons only; all of it is written down."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.community.reviews import moderation
from app.community.reviews.models import Review, ReviewReport
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.i18n import LOCALES
from app.kernel.outbox import add_job
from tests.cast import Browser, TestShop
from tests.commerce.sold import audits, mails
from tests.community.arrived import TEXT, arrive, photo, published, send_files, set_features, stars_of

PATH = "/amministrazione/recensioni"
WHY = "C’è il numero di telefono di una persona."


async def waiting(shop: TestShop, anna: Browser, **fields: str):
    arrived = await arrive(shop)
    assert (await arrived.write(anna, **fields)).status_code == 303
    review = await arrived.review()
    assert review is not None
    return arrived, review


async def test_what_waits_is_read_and_published(shop: TestShop, anna: Browser, dora: Browser) -> None:
    _, review = await waiting(shop, anna, rating="1", title="Rancido")
    assert not (await anna.get("/prodotti/olio/recensioni")).says("Rancido")
    page = await dora.get(PATH)
    assert page.says("Rancido")
    assert page.says("Anna Neri"), "staff see who bought"
    assert page.one(".desk__nav [aria-current]").text() == "Recensioni"
    answer = await dora.send(f"form[action$='{review.id}/approvazione']")
    assert (await dora.follow(answer)).says("La recensione è pubblicata.")
    assert (await anna.get("/prodotti/olio/recensioni")).says("Rancido"), "bad ones too"
    assert await stars_of(shop) == (1, 1)
    [entry] = [entry for entry in await audits(shop) if entry.entity == "review"]
    assert (entry.action, entry.actor_id) == ("review.approved", shop.users["dora@tavola.example"])
    assert (entry.before["state"], entry.after["state"]) == ("pending", "published")


async def test_a_second_click_changes_nothing(shop: TestShop, dora: Browser) -> None:
    review = await published(shop)
    for _ in range(2):
        answer = await dora.post(f"{PATH}/{review.id}/approvazione", {"revision": "1"})
        assert (await dora.follow(answer)).says("Era già pubblicata")
    assert await stars_of(shop) == (1, 5)
    assert len([entry for entry in await audits(shop) if entry.action == "review.approved"]) == 1


@pytest.mark.parametrize("reason", sorted(moderation.REASONS))
async def test_a_refusal_has_a_lawful_reason_which_is_logged_and_sent(
    shop: TestShop, anna: Browser, dora: Browser, reason: str
) -> None:
    arrived, review = await waiting(shop, anna)
    await dora.get(f"{PATH}/{review.id}")
    answer = await dora.send(f"form[action$='{review.id}/rifiuto']", reason=reason, text=WHY)
    assert (await dora.follow(answer)).says("all’autore scriviamo il perché")
    [entry] = [entry for entry in await audits(shop) if entry.action == "review.refused"]
    assert (entry.after["reason"], entry.after["explanation"]) == (reason, WHY)
    await shop.run_jobs()
    [mail] = await mails(shop, "review.refused")
    assert mail.recipient == "Anna@posta.example"
    for body in (mail.text, mail.html):
        assert WHY in body
        assert str(moderation.REASONS[reason]) in body
        assert arrived.link() in body.replace("&amp;", "&")
    page = await anna.get(arrived.link())
    assert page.says("Così non possiamo pubblicarla")
    assert page.says(WHY)


async def test_there_is_no_reason_for_being_negative(shop: TestShop, anna: Browser, dora: Browser) -> None:
    _, review = await waiting(shop, anna, rating="1")
    page = await dora.get(f"{PATH}/{review.id}")
    offered = {node.attributes["value"] for node in page.all("input[name=reason]")}
    assert offered == {"offence", "personal", "off_topic", "spam", "illegal"}
    for reason in ("negative", "", "other"):
        page = await dora.post(f"{PATH}/{review.id}/rifiuto", {"revision": "1", "reason": reason, "text": WHY})
        assert page.status_code == 422
        assert page.one("#reason-error")
        assert page.one("#text").text() == WHY
    assert [entry for entry in await audits(shop) if entry.entity == "review"] == []


@pytest.mark.parametrize(
    ("text", "sentence"), [("", "Compila"), ("no", "almeno 10"), ("x" * 10_000, "al massimo 1000")]
)
async def test_a_refusal_says_why_in_words(
    shop: TestShop, anna: Browser, dora: Browser, text: str, sentence: str
) -> None:
    _, review = await waiting(shop, anna)
    page = await dora.post(f"{PATH}/{review.id}/rifiuto", {"revision": "1", "reason": "spam", "text": text})
    assert page.status_code == 422
    assert sentence in page.one("#text-error").text()
    assert "checked" in page.one("input[name=reason][value=spam]").attributes


async def test_what_was_published_can_be_taken_away_and_counts_no_more(shop: TestShop, dora: Browser) -> None:
    kept, gone = await published(shop, 4), await published(shop, 1)
    assert await stars_of(shop) == (2, 5)
    for _ in range(2):
        await dora.post(f"{PATH}/{gone.id}/rifiuto", {"revision": "1", "reason": "personal", "text": WHY})
    assert await stars_of(shop) == (1, 4)
    page = await dora.get("/prodotti/olio/recensioni")
    assert [node.id for node in page.all("article")] == [f"recensione-{kept.id}"]
    await shop.run_jobs()
    assert len(await mails(shop, "review.refused")) == 1


async def test_staff_decide_on_what_they_have_read(shop: TestShop, anna: Browser, dora: Browser) -> None:
    arrived, review = await waiting(shop, anna)
    await dora.get(PATH)
    await arrived.write(anna, title="Chiama il 333 1234567")
    for deed, sent in (("approvazione", {}), ("rifiuto", {"reason": "spam", "text": WHY})):
        page = await dora.post(f"{PATH}/{review.id}/{deed}", {"revision": "1", **sent})
        assert page.status_code == 409
        assert page.says("Mentre leggevi l’autore l’ha cambiata")
        assert page.says("Chiama il 333 1234567"), "here is what it says now"
    await anna.post(arrived.link(deed="/ritiro"))
    page = await dora.post(f"{PATH}/{review.id}/approvazione", {"revision": "3"})
    assert page.status_code == 409
    assert page.says("L’autore l’ha ritirata")
    assert await stars_of(shop) == (0, 0)


async def test_a_change_is_read_again(shop: TestShop, anna: Browser, dora: Browser) -> None:
    arrived, review = await waiting(shop, anna)
    await dora.post(f"{PATH}/{review.id}/approvazione", {"revision": "1"})
    assert await stars_of(shop) == (1, 5)
    await arrived.write(anna, title="Comprate da me!")
    assert await stars_of(shop) == (0, 0)
    assert not (await anna.get("/prodotti/olio/recensioni")).says("Comprate da me!")
    assert (await dora.get(PATH)).says("Comprate da me!")


async def test_what_was_refused_is_read_again_even_where_all_is_published_at_once(
    shop: TestShop, anna: Browser, dora: Browser
) -> None:
    await set_features(shop, reviews_published_at_once=True)
    arrived, review = await waiting(shop, anna)
    assert review.state == "published"
    await dora.post(f"{PATH}/{review.id}/rifiuto", {"revision": "1", "reason": "offence", "text": WHY})
    await arrived.write(anna, title="Corretta")
    await anna.post(arrived.link(deed="/ritiro"))
    await arrived.write(anna, title="Corretta di nuovo")
    found = await arrived.review()
    assert found is not None
    assert found.state == "pending"
    assert await stars_of(shop) == (0, 0)
    await dora.post(f"{PATH}/{review.id}/approvazione", {"revision": str(found.revision)})
    assert await stars_of(shop) == (1, 5)


async def test_a_refusal_that_is_out_of_date_is_not_sent(shop: TestShop, anna: Browser, dora: Browser) -> None:
    arrived, review = await waiting(shop, anna)
    await dora.post(f"{PATH}/{review.id}/rifiuto", {"revision": "1", "reason": "spam", "text": WHY})
    await arrived.write(anna, title="Corretta")
    await shop.run_jobs()
    assert await mails(shop, "review.refused") == []


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_author_reads_why_in_his_language_and_once(shop: TestShop, anna: Browser, dora: Browser, locale: str):
    arrived = await arrive(shop, locale=locale)
    await arrived.write(anna)
    review = await arrived.review()
    assert review is not None
    await dora.post(
        f"{PATH}/{review.id}/rifiuto", {"revision": "1", "reason": "spam", "text": "<b>È pubblicità</b> e basta"}
    )
    async with shop.database.session(shop.id) as db, transaction(db):
        add_job(db, "reviews.tell_refused", review_id=review.id, revision=1)
    await shop.run_jobs()
    [mail] = await mails(shop, "review.refused")
    assert mail.locale == locale
    assert f'<html lang="{locale}"' in mail.html
    assert ("" if locale == "it" else f"/{locale}") + arrived.link() in mail.text
    assert "<b>È" not in mail.html
    assert "<b>È pubblicità</b>" in mail.text


async def test_lists_go_by_state_and_end(shop: TestShop, anna: Browser, dora: Browser) -> None:
    empty = await dora.get(PATH)
    assert empty.says("Qui non c’è niente")
    arrived, _ = await waiting(shop, anna, title="Aspetta")
    await published(shop, title="Pubblicata già")
    await arrived.write(anna, "squacquerone", title="Ripensata")
    await anna.post(arrived.link("squacquerone", "/ritiro"))
    shown = {
        state: [node.text() for node in (await dora.get(f"{PATH}?stato={state}")).all(".said__title")]
        for state in ("pending", "published", "refused", "withdrawn", "reported", "x' or 1=1 --")
    }
    assert shown == {
        "pending": ["Aspetta"],
        "published": ["Pubblicata già"],
        "refused": [],
        "withdrawn": ["Ripensata"],
        "reported": [],
        "x' or 1=1 --": ["Aspetta"],
    }
    for page in ("2", "99999", "-1", "x", "9" * 100):
        assert (await dora.get(f"{PATH}?pagina={page}")).status_code == 200


@pytest.mark.parametrize("deed", ["", "/approvazione", "/rifiuto"])
async def test_only_staff_of_this_shop_decide(
    shop: TestShop, other_shop: TestShop, anna: Browser, bruno: Browser, deed: str
) -> None:
    _, review = await waiting(shop, anna)
    sent = {"revision": "1", "reason": "spam", "text": WHY}
    path = f"{PATH}/{review.id}{deed}"

    async def ask(browser: Browser, where: str) -> int:
        return (await (browser.post(where, sent) if deed else browser.get(where))).status_code

    assert await ask(bruno, path) == 403, "the producer whose goods they are"
    assert await ask(anna, path) == 303, "the author, who is led to the log-in"
    async with other_shop.browser() as theirs:
        await theirs.sign_in("dora@tavola.example")
        assert await ask(theirs, path) == 404
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(Review.state).where(Review.id == review.id)) == "pending"


async def test_queries_of_staff_do_not_grow_with_the_reviews(shop: TestShop, anna: Browser, dora: Browser) -> None:
    async def one_more(seed: int) -> int:
        arrived = await arrive(shop)
        sent = {"rating": "5", "signed": "name", "text": TEXT}
        await send_files(anna, arrived.link(), sent, [("1.jpg", photo(seed))])
        return int((await dora.get(PATH)).headers["x-queries"])

    first = await one_more(1)
    await one_more(2)
    assert await one_more(3) == first


# --- reports


async def test_anybody_reports_and_staff_look_again(shop: TestShop, mara: Browser, dora: Browser) -> None:
    review = await published(shop, 1, title="Fa schifo")
    page = await mara.get("/prodotti/olio/recensioni")
    link = page.one(".said__report").attributes["href"]
    assert link is not None
    page = await mara.get(link)
    assert page.says("Fa schifo")
    assert page.says("Una recensione negativa non lo è.")
    for _ in range(2):
        answer = await mara.post(link, {"reason": "false", "text": "<i>Non</i> è vero"})
        assert (await mara.follow(answer)).says("la rileggiamo noi")
    page = await dora.get(f"{PATH}?stato=reported")
    assert page.says("1 segnalazione")
    assert page.says("<i>Non</i> è vero")
    assert not page.all(".notice i")
    answer = await dora.send(f"form[action$='{review.id}/approvazione']")
    assert answer.status_code == 303
    assert (await dora.get(f"{PATH}?stato=reported")).says("Qui non c’è niente")
    assert await stars_of(shop) == (1, 1), "it stays"
    entry = (await audits(shop))[-1]
    assert (entry.action, entry.after["reports_settled"]) == ("review.approved", 1)


@pytest.mark.parametrize(
    ("sent", "field"), [({}, "reason"), ({"reason": "x"}, "reason"), ({"reason": "spam", "text": "x" * 10_000}, "text")]
)
async def test_a_report_says_why(shop: TestShop, mara: Browser, sent: dict[str, str], field: str) -> None:
    review = await published(shop)
    page = await mara.post(f"/recensioni/{review.id}/segnalazione", sent)
    assert page.status_code == 422
    assert page.one(f"#{field}-error")
    async with shop.database.session(shop.id) as db:
        assert list(await db.scalars(select(ReviewReport))) == []


async def test_only_what_is_there_can_be_reported(
    shop: TestShop, other_shop: TestShop, anna: Browser, mara: Browser
) -> None:
    _, review = await waiting(shop, anna)
    shown = await published(shop)
    for review_id in (review.id, 999_999_999):
        assert (await mara.get(f"/recensioni/{review_id}/segnalazione")).status_code == 404
        assert (await mara.post(f"/recensioni/{review_id}/segnalazione", {"reason": "spam"})).status_code == 404
    async with other_shop.browser() as stranger:
        assert (await stranger.post(f"/recensioni/{shown.id}/segnalazione", {"reason": "spam"})).status_code == 404


async def test_of_two_decisions_at_once_both_count(shop: TestShop, anna: Browser, dora: Browser) -> None:
    _, first = await waiting(shop, anna, rating="5")
    _, second = await waiting(shop, anna, rating="2")
    paths = [f"{PATH}/{review.id}/approvazione" for review in (first, second)]
    await asyncio.gather(*(dora.post(path, {"revision": "1"}) for path in paths))
    assert await stars_of(shop) == (2, 7)


async def test_a_year_later_it_can_still_be_withdrawn(shop: TestShop, anna: Browser) -> None:
    await set_features(shop, reviews_published_at_once=True)
    arrived = await arrive(shop)
    await arrived.write(anna)
    with clock.shifted(timedelta(days=365)):
        page = await anna.get(arrived.link())
        assert page.says("ora puoi solo ritirarla")
        assert (await anna.post(arrived.link(deed="/ritiro"))).status_code == 303
    assert await stars_of(shop) == (0, 0)
