"""What staff see and may set going again."""

import csv
import io

from sqlalchemy import select, update

from app.commerce.payments.models import Transfer
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import Job
from app.system.models import OutgoingMail
from tests.cast import Browser, TestShop
from tests.commerce.props import place
from tests.commerce.sold import audits, sell
from tests.stripe import Stripe

PAGES = ("", "/ordini.csv", "/lavori", "/registro", "/posta")


async def dead_job(shop: TestShop) -> int:
    async with shop.database.session(shop.id) as db, transaction(db):
        job = Job(
            shop_id=shop.id,
            name="orders.send_link",
            payload={"group_id": 0},
            state="dead",
            attempts=8,
            run_at=clock.now(),
            created_at=clock.now(),
            last_error="ValueError: <b>no</b>",
        )
        db.add(job)
        await db.flush()
        return job.id


async def job_state(shop: TestShop, job_id: int) -> str:
    async with shop.database.session(shop.id) as db:
        return str(await db.scalar(select(Job.state).where(Job.id == job_id)))


async def test_only_staff_get_in(shop: TestShop, anna: Browser, bruno: Browser, dora: Browser) -> None:
    sold = await sell(shop)
    for path in (*PAGES, f"/ordini/{sold.number}"):
        assert (await anna.get(f"/amministrazione{path}")).headers["location"].startswith("/accedi")
        assert (await bruno.get(f"/amministrazione{path}")).status_code == 403
        assert (await dora.get(f"/amministrazione{path}")).status_code == 200


async def test_a_number_does_not_part_at_its_hyphens(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    sold = await sell(shop)
    page = await dora.get(f"/amministrazione/ordini/{sold.number}")

    assert page.one("h1 .unbroken").text() == sold.number
    assert "unbroken" not in page.one("title").html
    assert (await dora.get("/amministrazione")).one("tbody .unbroken").text() == sold.number
    number = sold.numbers["frantoio"]
    assert (await bruno.get(f"/banco/ordini/{number}/bolla")).one("h1 .unbroken").text() == number


async def test_orders_are_found_by_number_address_and_name(shop: TestShop, dora: Browser) -> None:
    assert (await dora.get("/amministrazione")).says("Ancora nessun ordine")
    sold = await sell(shop)
    other = await sell(shop, email="zeno@posta.example", name="Zeno Rossi", state="cancelled")
    for search in (sold.number[3:].lower(), "ANNA@posta", "neri"):
        page = await dora.get(f"/amministrazione?q={search}")
        assert page.says(sold.number), search
        assert not page.says(other.number), search
    assert (await dora.get("/amministrazione?stato=cancelled")).says(other.number)
    assert not (await dora.get("/amministrazione?stato=cancelled")).says(sold.number)
    assert (await dora.get("/amministrazione?q=%25%25&stato=x&pagina=-3")).says("Nessun ordine così")


async def test_the_table_opens_in_a_spreadsheet(shop: TestShop, dora: Browser) -> None:
    sold = await sell(shop, name="=cmd()")
    answer = await dora.get("/amministrazione/ordini.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert [(row["numero"], row["totale"], row["nome"]) for row in rows] == [(sold.number, "54,70", "'=cmd()")]
    assert [entry.action for entry in await audits(shop)] == ["orders.exported"]


async def test_staff_see_everything_about_an_order(
    shop: TestShop, stripe: Stripe, bruno: Browser, dora: Browser
) -> None:
    placed = await place(stripe, shop, olio=1, squacquerone=2)
    await stripe.pay(await placed.session_id())
    await stripe.deliver()
    await shop.run_jobs()
    await bruno.post(f"/banco/ordini/{placed.number}-1/conferma")
    page = await dora.get(f"/amministrazione/ordini/{placed.number}")
    payment = await placed.payment()
    transfers = await placed.all_of(Transfer)
    for sentence in (
        "Anna Neri",
        payment.session_id,
        payment.charge_id,
        *(transfer.stripe_id for transfer in transfers),
        "Saldo presso Stripe",
        "Trasferimento al produttore",
        "Dovuto al produttore",
        "checkout.session.completed",
        "Venduti",
        "Inviato",
        "il produttore",
        f"Il tuo ordine {placed.number}",
        "Confermato",
        "Bruno Olivi",
    ):
        assert sentence, "known by now"
        assert page.says(sentence), sentence


async def test_a_group_of_another_shop_is_not_there(other_shop: TestShop, dora: Browser) -> None:
    sold = await sell(other_shop)
    assert (await dora.get(f"/amministrazione/ordini/{sold.number}")).status_code == 404
    assert not (await dora.get("/amministrazione")).says(sold.number)


async def test_an_admin_replays_a_dead_letter(shop: TestShop, dora: Browser, ada: Browser) -> None:
    job_id = await dead_job(shop)
    path = f"/amministrazione/lavori/{job_id}/ripetizione"
    page = await dora.get("/amministrazione/lavori")
    assert page.says("ValueError: <b>no</b>")
    assert page.one("article.ticket b").text() == "Ordini", "what it is about, in words"
    assert not page.all("main form")
    assert (await dora.post(path)).status_code == 403
    await ada.get("/amministrazione/lavori")
    page = await ada.follow(await ada.send("main form"))
    assert page.says("Il lavoro riparte adesso.")
    assert await job_state(shop, job_id) == "queued"
    assert (await ada.follow(await ada.post(path))).says("era già ripartito")
    assert [(entry.action, entry.entity_id) for entry in await audits(shop)] == [("job.replayed", str(job_id))]
    await shop.run_jobs()
    assert await job_state(shop, job_id) == "done"
    swapped = await ada.swap(path)
    assert swapped.headers["hx-redirect"] == "/amministrazione/lavori"


async def test_a_job_of_another_shop_stays_dead(shop: TestShop, other_shop: TestShop, ada: Browser) -> None:
    job_id = await dead_job(other_shop)
    assert (await ada.post(f"/amministrazione/lavori/{job_id}/ripetizione")).status_code == 404
    assert await job_state(other_shop, job_id) == "dead"
    assert (await ada.post("/amministrazione/lavori/999999999/ripetizione")).status_code == 404


async def test_an_admin_sends_a_refused_transfer_again(
    shop: TestShop, stripe: Stripe, dora: Browser, ada: Browser
) -> None:
    placed = await place(stripe, shop, olio=1)
    await stripe.pay(await placed.session_id())
    await stripe.break_down("402", "/v1/transfers")
    await stripe.deliver()
    await shop.run_jobs()
    [transfer] = await placed.all_of(Transfer)
    assert transfer.state == "failed"
    path = f"/amministrazione/trasferimenti/{transfer.id}/ripetizione"
    assert (await dora.get("/amministrazione/lavori")).says("Trasferimenti rifiutati")
    assert (await dora.post(path)).status_code == 403
    await ada.get("/amministrazione/lavori")
    await ada.follow(await ada.send("main form"))
    await shop.run_jobs()
    [transfer] = await placed.all_of(Transfer)
    assert transfer.state == "sent"
    assert (await ada.follow(await ada.post(path))).says("era già ripartito")
    assert (await ada.post("/amministrazione/trasferimenti/999999999/ripetizione")).status_code == 404
    assert "transfer.retried" in {entry.action for entry in await audits(shop)}


async def test_a_mail_that_failed_is_sent_again(shop: TestShop, dora: Browser) -> None:
    await sell(shop)
    await shop.run_jobs()
    async with shop.database.session(shop.id) as db, transaction(db):
        failed = await db.scalar(select(OutgoingMail.id).where(OutgoingMail.kind == "order.confirmation"))
        await db.execute(
            update(OutgoingMail).where(OutgoingMail.id == failed).values(state="failed", error="550 mailbox full")
        )
    page = await dora.get("/amministrazione/posta?stato=failed")
    assert page.says("550 mailbox full")
    assert len(page.all("tbody tr")) == 1
    await dora.follow(await dora.send("main form[method=post]"))
    await shop.run_jobs()
    assert not (await dora.get("/amministrazione/posta?stato=failed")).all("tbody tr")
    text = await dora.get(f"/amministrazione/posta/{failed}")
    assert text.says("Modulo di recesso tipo")
    assert (await dora.follow(await dora.post(f"/amministrazione/posta/{failed}/rinvio"))).says("era già ripartito")
    assert (await dora.post("/amministrazione/posta/999999999/rinvio")).status_code == 404


async def test_the_trail_says_who_did_what(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    assert (await dora.get("/amministrazione/registro")).says("Niente nel registro")
    sold = await sell(shop)
    await bruno.post(sold.desk("frantoio", "/conferma"))
    page = await dora.get(f"/amministrazione/registro?q={sold.numbers['frantoio']}")
    for sentence in ("Bruno Olivi", "Confermato", "Stato: Da confermare → Confermato"):
        assert page.says(sentence)
    assert (await dora.get("/amministrazione/registro?q=nothing")).says("Niente nel registro")


async def test_the_queries_of_staff_do_not_grow(shop: TestShop, dora: Browser) -> None:
    counted = []
    for _round in range(2):
        sold = await sell(shop)
        await shop.run_jobs()
        paths = [*PAGES[2:], "", f"/ordini/{sold.number}"]
        counted.append([(await dora.get(f"/amministrazione{path}")).headers["x-queries"] for path in paths])
        await sell(shop, {"olio": 1, "aceto": 2, "sangiovese": 1})
    assert counted[0] == counted[1]
