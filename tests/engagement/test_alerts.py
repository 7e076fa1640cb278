"""leo, who has no account, and anna, who has one, ask to be told; they confirm, change their minds, stop."""

import asyncio
from datetime import timedelta

import pytest

from app.catalog.models import StockItem, Variant
from app.engagement.watches import jobs
from app.kernel import clock
from app.kernel.db import transaction
from app.system.runner import Work
from tests.cast import Browser, TestShop
from tests.engagement.props import ANNA, LEO, ODD, alerts, ask, count, link, mails, price, publish, waits

RESTOCK = '[data-watch="restock"]'
PRICE = '[data-watch="price"]'


@pytest.fixture
async def signed_in(shop: TestShop, anna: Browser) -> Browser:
    await anna.sign_in(ANNA)
    return anna


async def test_a_guest_asks_confirms_and_is_told_all_without_javascript(shop: TestShop, anna: Browser) -> None:
    product = await anna.get("/prodotti/esaurito")
    assert product.says("Torna appena il produttore ne prepara altro.")
    page = await anna.follow(await anna.send(RESTOCK))
    assert page.says("Vino esaurito, confezione")
    page = await anna.follow(await anna.send("#alert form", email=LEO))
    assert page.url.endswith("/prodotti/esaurito")
    assert page.says(f"Guarda la posta di {LEO}")

    (letter,) = await mails(shop, LEO)
    await count(shop, "esaurito", 3)
    assert len(await mails(shop, LEO)) == 1  # not a word before the yes
    await count(shop, "esaurito", 0)

    asked = await anna.get(link(letter, "conferma"))
    assert asked.status_code == 200
    assert (await alerts(shop))[0].confirmed_at is None  # looking is not pressing
    page = await anna.follow(await anna.send("main form"))
    assert page.url.endswith("/prodotti/esaurito")
    assert page.says("Confermato")

    await count(shop, "esaurito", 3)
    told = (await mails(shop, LEO))[-1]
    assert told.subject.startswith("È tornato: Vino esaurito")
    assert "Non lo teniamo da parte" in told.text
    assert (await anna.get(link(told, "prodotti"))).status_code == 200


async def test_signed_in_it_takes_one_press_and_no_letter_before(shop: TestShop, signed_in: Browser) -> None:
    await signed_in.get("/prodotti/esaurito")
    page = await signed_in.follow(await signed_in.send(RESTOCK))
    assert page.says(f"Fatto: ti scriviamo a {ANNA}, una volta sola.")
    assert not await mails(shop, ANNA)

    await count(shop, "esaurito", 1)
    assert [mail.kind for mail in await mails(shop, ANNA)] == ["alert.restock"]


async def test_with_htmx_the_address_is_asked_for_and_answered_in_place(shop: TestShop, anna: Browser) -> None:
    data = {"variant_id": shop.variants["olio"], "kind": "price"}
    step = await anna.swap("/avvisi", data, target="alert")
    assert step.status_code == 200
    assert step.one("#email").attributes["type"] == "email"
    wrong = await anna.swap("/avvisi", data | {"email": "niente"}, target="alert")
    assert wrong.status_code == 422
    assert wrong.one("#email").attributes["value"] == "niente"
    wrong.one("#email-error")
    done = await anna.swap("/avvisi", data | {"email": LEO}, target="alert")
    assert done.status_code == 200
    assert "<html" not in done.text
    assert done.one("#live").text().startswith(f"Guarda la posta di {LEO}")


async def test_with_htmx_a_person_is_told_so_and_may_name_a_price(shop: TestShop, signed_in: Browser) -> None:
    data = {"variant_id": shop.variants["olio"], "kind": "price"}
    done = await signed_in.swap("/avvisi", data, target="alert")
    done.one("#target")
    assert [row.at_most_minor for row in await alerts(shop)] == [1899]

    done = await signed_in.swap("/avvisi", data | {"target": "15,50"}, target="alert")
    assert not done.all("#target")
    assert [row.at_most_minor for row in await alerts(shop)] == [1550]


async def test_one_alert_per_address_variant_and_kind(shop: TestShop, signed_in: Browser) -> None:
    for _press in range(2):
        for sku, kind in (("olio", "price"), ("esaurito", "price"), ("esaurito", "restock")):
            await signed_in.post("/avvisi", {"variant_id": shop.variants[sku], "kind": kind})

    assert len(await alerts(shop)) == 3


async def test_pressed_twice_at_once_it_is_one_alert_and_one_letter(shop: TestShop, anna: Browser) -> None:
    data = {"variant_id": shop.variants["esaurito"], "kind": "restock", "email": LEO}
    answers = await asyncio.gather(*(anna.post("/avvisi", data) for _ in range(3)))

    assert {answer.status_code for answer in answers} == {303}
    assert len(await alerts(shop)) == 1
    assert len(await mails(shop, LEO)) == 1


async def test_the_answer_and_the_letters_do_not_tell_whether_an_address_is_known(
    shop: TestShop, anna: Browser, signed_in: Browser
) -> None:
    await signed_in.post("/avvisi", {"variant_id": shop.variants["esaurito"], "kind": "restock"})
    said = []
    async with shop.browser() as stranger:
        for email in (ANNA, "bruno@frantoio.example", LEO):
            await ask(shop, stranger, "esaurito", "restock", email)
            page = await stranger.get("/preferiti")  # any page tells the notice
            said.append(page.one("main .notice").text().replace(email, "X"))

    assert len(set(said)) == 1
    assert not await mails(shop, ANNA)  # she waits already
    assert len(await mails(shop, LEO)) == 1


async def test_nobody_else_can_change_what_somebody_waits_for(shop: TestShop, anna: Browser) -> None:
    await waits(shop, anna, "olio", "price", target="15,00")
    with clock.shifted(timedelta(hours=1)):
        await ask(shop, anna, "olio", "price", target="1,00")
        assert [row.at_most_minor for row in await alerts(shop)] == [1500]
        letter = (await mails(shop, LEO))[-1]
        await anna.get(link(letter, "conferma"))
        await anna.send("main form")

    assert [row.at_most_minor for row in await alerts(shop)] == [100]


async def test_asking_again_at_once_writes_one_letter_and_later_another(shop: TestShop, anna: Browser) -> None:
    await ask(shop, anna, "esaurito", "restock")
    await ask(shop, anna, "esaurito", "restock")
    assert len(await mails(shop, LEO)) == 1

    with clock.shifted(timedelta(minutes=11)):
        await ask(shop, anna, "esaurito", "restock")
    first, second = await mails(shop, LEO)
    for letter in (first, second):  # both work: whichever the person finds
        await anna.get(link(letter, "conferma"))
        assert (await anna.send("main form")).status_code == 303
    assert len(await alerts(shop)) == 1


async def test_a_form_is_no_way_to_fill_somebodys_mailbox(shop: TestShop, anna: Browser) -> None:
    for sku in shop.variants:
        await ask(shop, anna, sku, "price")
    for sku in ("olio", "aceto"):
        with clock.shifted(timedelta(hours=2)):
            await ask(shop, anna, sku, "price")

    assert len(await mails(shop, LEO)) == 5
    with clock.shifted(timedelta(hours=27)):
        await ask(shop, anna, "olio", "price")
    assert len(await mails(shop, LEO)) == 6


async def test_a_link_that_is_late_forged_or_of_another_shop_does_nothing(
    shop: TestShop, other_shop: TestShop, anna: Browser
) -> None:
    await ask(shop, anna, "esaurito", "restock")
    path = link((await mails(shop, LEO))[0], "conferma")
    with clock.shifted(timedelta(hours=49)):
        for answer in (await anna.get(path), await anna.post(path)):
            assert answer.status_code == 410
            assert answer.says("Questo link non vale più")
    for forged in (path[:-2] + "xx", "/avvisi/conferma/x", "/avvisi/conferma/" + "a" * 3000):
        assert (await anna.get(forged)).status_code == 404
        assert (await anna.post(forged)).status_code == 404
    stop = link((await mails(shop, LEO))[0], "basta")
    assert (await anna.post(path.replace("conferma", "basta"))).status_code == 404  # each link for its own purpose
    async with other_shop.browser() as there:
        assert (await there.post(path)).status_code == 404
        assert (await there.post(stop)).status_code == 404

    assert [row.confirmed_at for row in await alerts(shop)] == [None]


async def test_an_old_link_does_not_start_an_alert_again(shop: TestShop, anna: Browser) -> None:
    await waits(shop, anna, "esaurito", "restock")
    await count(shop, "esaurito", 1)
    path = link((await mails(shop, LEO, "alert.confirm"))[0], "conferma")
    await anna.post(path)
    await count(shop, "esaurito", 0)
    await count(shop, "esaurito", 1)
    assert len(await mails(shop, LEO, "alert.restock")) == 1

    await anna.post(link((await mails(shop, LEO))[0], "basta"))
    assert (await anna.post(path)).status_code == 410
    assert not await alerts(shop)


async def test_every_mail_ends_all_alerts_of_its_address_in_one_press(shop: TestShop, anna: Browser) -> None:
    await waits(shop, anna, "esaurito", "restock")
    await waits(shop, anna, "olio", "price")
    await waits(shop, anna, "olio", "price", "altra@posta.example")
    await count(shop, "esaurito", 1)
    told = (await mails(shop, LEO))[-1]
    page = await anna.get(link(told, "basta"))
    assert len(await alerts(shop)) == 3
    assert len(page.all("main button")) == 1
    page = await anna.send("main form")

    assert page.status_code == 200
    assert page.says("Fatto: a questo indirizzo non mandiamo più avvisi.")
    assert [row.email for row in await alerts(shop)] == ["altra@posta.example"]
    assert (await anna.post(link(told, "basta"))).says("Fatto")  # a second press is harmless


async def test_a_mail_program_presses_the_button_by_itself(shop: TestShop, anna: Browser) -> None:
    await waits(shop, anna, "esaurito", "restock")
    letter = (await mails(shop, LEO))[0]
    assert letter.unsubscribe_url
    async with shop.browser() as program:  # neither Origin nor cookies, as RFC 8058 has it
        answer = await program.client.post(link(letter, "basta"), data={"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    assert not await alerts(shop)


async def test_people_see_theirs_name_another_price_and_stop(shop: TestShop, signed_in: Browser) -> None:
    assert (await signed_in.get("/avvisi")).says("Nessun avviso in attesa")
    await signed_in.post("/avvisi", {"variant_id": shop.variants["olio"], "kind": "price"})
    page = await signed_in.get("/avvisi")
    assert page.headers["cache-control"] == "no-store"
    assert page.says("Quando costa al massimo 18,99 €")
    page = await signed_in.follow(await signed_in.send("#alerts .inline-form", target="15"))
    assert page.url.endswith("/avvisi")
    assert page.says("Quando costa al massimo 15,00 €")

    page = await signed_in.follow(await signed_in.send('#alerts form[action$="rimozione"]'))
    assert page.says("Avviso tolto: non ti scriviamo.")
    assert page.says("Nessun avviso in attesa")


async def test_stopping_by_htmx_gives_the_list_without_it(shop: TestShop, signed_in: Browser) -> None:
    for sku in ("olio", "aceto"):
        await signed_in.post("/avvisi", {"variant_id": shop.variants[sku], "kind": "price"})
    first = (await alerts(shop))[0]
    answer = await signed_in.swap(f"/avvisi/{first.id}/rimozione", target="alerts")

    assert answer.status_code == 200
    assert [node.text() for node in answer.all(".watch__name")] == ["Aceto balsamico"]
    assert answer.one("#live").text() == "Avviso tolto: non ti scriviamo."


async def test_nobody_sees_or_stops_anothers(shop: TestShop, signed_in: Browser, bruno: Browser) -> None:
    await signed_in.post("/avvisi", {"variant_id": shop.variants["olio"], "kind": "price"})
    mine = (await alerts(shop))[0]

    assert (await bruno.get("/avvisi")).says("Nessun avviso in attesa")
    assert (await bruno.post(f"/avvisi/{mine.id}/rimozione")).status_code == 404
    assert len(await alerts(shop)) == 1


async def test_signed_out_the_list_leads_to_the_log_in(anna: Browser) -> None:
    for answer in (await anna.get("/avvisi"), await anna.post("/avvisi/1/rimozione")):
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/accedi")


async def test_what_is_there_needs_no_alert(shop: TestShop, signed_in: Browser) -> None:
    assert not (await signed_in.get("/prodotti/olio")).all(RESTOCK)
    answer = await signed_in.post("/avvisi", {"variant_id": shop.variants["olio"], "kind": "restock"})

    assert answer.status_code == 422
    assert answer.says("C’è già: puoi metterlo nel carrello.")
    assert not await alerts(shop)


@pytest.mark.parametrize("target", ["19", "19,00", "25", "0", "0,00", "-3", "abc", "1.234", "🫒", "<b>1</b>", "1e3"])
async def test_a_price_that_cannot_be_is_refused_beside_its_field(
    shop: TestShop, signed_in: Browser, anna: Browser, target: str
) -> None:
    data = {"variant_id": shop.variants["olio"], "kind": "price", "target": target}
    answer = await signed_in.post("/avvisi", data)

    assert answer.status_code == 422
    assert answer.one("#target").attributes["value"] == target
    answer.one("#target-error")
    assert not await alerts(shop)


@pytest.mark.parametrize(
    "odd", ["x" * 10_000, "🫒@🫒", "<script>@x.it", "a@b", "a b@c.it", "a@c.it\r\nBcc: d@e.it", " "]
)
async def test_an_address_that_cannot_be_is_refused_beside_its_field(shop: TestShop, anna: Browser, odd: str) -> None:
    answer = await anna.post("/avvisi", {"variant_id": shop.variants["olio"], "kind": "price", "email": odd})

    assert answer.status_code == 422
    answer.one("#email-error")
    assert "<script>@" not in answer.text
    assert not await alerts(shop)


@pytest.mark.parametrize("odd", ODD)
async def test_a_variant_or_kind_that_is_none_is_not_found(shop: TestShop, signed_in: Browser, odd: str) -> None:
    variant = shop.variants["olio"]
    assert (await signed_in.post("/avvisi", {"variant_id": odd, "kind": "price"})).status_code == 404
    assert (await signed_in.post("/avvisi", {"variant_id": variant, "kind": odd})).status_code == 404
    assert (await signed_in.get(f"/avvisi/nuovo?variant_id={variant}&kind={odd[:40]}")).status_code == 404


async def test_what_is_not_for_sale_or_anothers_cannot_be_watched(
    shop: TestShop, other_shop: TestShop, signed_in: Browser
) -> None:
    there = {"variant_id": other_shop.variants["olio"], "kind": "price"}
    assert (await signed_in.post("/avvisi", there)).status_code == 404
    await publish(shop, "olio", None)
    here = {"variant_id": shop.variants["olio"], "kind": "price"}
    assert (await signed_in.post("/avvisi", here)).status_code == 404


async def test_of_several_sizes_the_one_that_is_meant_is_chosen(shop: TestShop, signed_in: Browser) -> None:
    small, large = await two_more_sizes(shop)
    page = await signed_in.get("/prodotti/olio")
    offered = [node.attributes["value"] for node in page.all("#alert-restock option")]
    assert offered == [str(small), str(large)]
    await signed_in.send(RESTOCK, variant_id=str(large))

    assert [(row.variant_id, row.kind) for row in await alerts(shop)] == [(large, "restock")]


async def two_more_sizes(shop: TestShop) -> list[int]:
    """Of the oil, both sold out."""
    ids = []
    async with shop.database.session(shop.id) as db, transaction(db):
        for number, size in enumerate((250, 1000)):
            item = StockItem(on_hand=0, reserved=0, low_at=3)
            db.add(item)
            await db.flush()
            variant = Variant(
                product_id=shop.products["olio"],
                stock_item_id=item.id,
                sku=f"OLIO-{size}",
                position=20 + number,
                format={"it": f"{size} ml"},
                net_amount=size,
                net_unit="ml",
                weight_g=size,
                price_minor=4 * size,
                vat_rate="4",
            )
            db.add(variant)
            await db.flush()
            ids.append(variant.id)
    return ids


async def test_what_was_never_confirmed_is_forgotten_and_so_is_what_is_a_year_old(
    shop: TestShop, anna: Browser, signed_in: Browser
) -> None:
    await signed_in.post("/avvisi", {"variant_id": shop.variants["olio"], "kind": "price"})
    async with shop.browser() as stranger:
        await ask(shop, stranger, "aceto", "price")
    assert await left_after(shop, timedelta(hours=47)) == 2
    assert await left_after(shop, timedelta(hours=49)) == 1
    assert await left_after(shop, timedelta(days=364)) == 1
    assert await left_after(shop, timedelta(days=366)) == 0
    assert not await mails(shop, LEO)  # nor is the address kept in the letter


async def left_after(shop: TestShop, time: timedelta) -> int:
    """How many alerts there are once the nightly sweep has run, so much later."""
    runner = shop.app.app.state.runner  # type: ignore[attr-defined]
    await shop.run_jobs()  # letters leave
    with clock.shifted(time):
        await jobs.drop_ended(Work(shop.database, runner.settings, await runner.load_shop(shop.database, shop.id), {}))
    return len(await alerts(shop))


async def test_after_a_year_nobody_is_told(shop: TestShop, signed_in: Browser) -> None:
    await signed_in.post("/avvisi", {"variant_id": shop.variants["olio"], "kind": "price"})
    with clock.shifted(timedelta(days=366)):
        await price(shop, "olio", 1000)
    assert not await mails(shop, ANNA)


async def test_the_times_are_said_where_one_asks(shop: TestShop, anna: Browser) -> None:
    page = await anna.get(f"/avvisi/nuovo?variant_id={shop.variants['olio']}&kind=price")
    assert page.says("L’avviso vale 12 mesi.")
    assert page.says("vale 48 ore")
    await ask(shop, anna, "olio", "price")
    assert "48 ore" in (await mails(shop, LEO))[0].text
