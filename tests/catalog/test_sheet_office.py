"""Staff decide about protected names and certificates and see what is incomplete; at night the gate looks again."""

from datetime import date, timedelta

from sqlalchemy import func, select, update

from app.catalog import products
from app.catalog.models import NameApproval, Product
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import add_job
from app.producers.models import Certificate
from app.system.models import AuditEntry, OutgoingMail
from tests.cast import Browser, TestShop
from tests.catalog.sheets import SHEETS
from tests.catalog.test_editor import OFFICE, fill, one, page_of, stored


async def test_a_protected_name_is_asked_for_and_decided(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    await bruno.get(page_of(shop))
    page = await bruno.follow(await fill(bruno, "testi", name_it="Crema al Grana Padano"))
    assert page.says("“Grana Padano” è un nome protetto")
    page = await bruno.follow(await bruno.send(f"form[action='{page_of(shop)}/nome']", reason="Lo compro da loro"))
    assert page.says("il negozio non ha ancora risposto")

    approval = await one(shop, select(NameApproval))
    page = await dora.get(f"{OFFICE}/schede")
    assert page.says("Lo compro da loro")
    verdict = f"{OFFICE}/schede/nomi/{approval.id}"
    silent = await dora.post(verdict, {"verdict": "no"})
    assert silent.status_code == 422
    assert silent.says("Scrivi perché no")
    await dora.post(verdict, {"verdict": "si"})
    assert (await stored(shop)).is_complete
    await bruno.get(page_of(shop))
    await fill(bruno, "testi", name_it="Crema super al Grana Padano")
    assert not (await stored(shop)).is_complete


async def test_a_certificate_opens_a_mark_and_its_end_closes_it(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    assert await one(shop, select(func.count()).select_from(NameApproval)) == 0
    await dora.get(f"{OFFICE}/schede")
    entry = {"producer_id": str(shop.producers["frantoio"]), "mark": "DOP", "designation": "Brisighella",
             "body": "Controllo", "number": "1", "valid_until": "2099-12-31"}  # fmt: skip
    over = await dora.post(f"{OFFICE}/schede/certificati", {**entry, "valid_until": "2020-01-01"})
    assert over.status_code == 422
    assert over.says("È già scaduto")
    assert (await dora.post(f"{OFFICE}/schede/certificati", entry)).status_code == 303

    await bruno.get(page_of(shop))
    assert (await fill(bruno, "vendita", designation="DOP|Brisighella")).status_code == 303
    olio = await stored(shop)
    assert (olio.designation, olio.is_complete, olio.published_at is not None) == ("DOP", True, True)

    paper = await one(shop, select(Certificate.id).where(Certificate.designation == "Brisighella"))
    for _ in range(2):
        assert (await dora.post(f"{OFFICE}/schede/certificati/{paper}/rimozione")).status_code == 303
    assert (await stored(shop)).published_at is None


async def test_staff_see_what_is_incomplete(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    assert (await dora.get(f"{OFFICE}/schede")).says("Tutte le schede sono complete.")
    await bruno.get(page_of(shop))
    await fill(bruno, "etichetta", origin_it="")

    page = await dora.get(f"{OFFICE}/schede")
    assert page.says("1 prodotto incompleto")
    assert page.one(f"a[href='{OFFICE}/prodotti/{shop.products['olio']}#origin_it']")
    assert (await bruno.get(f"{OFFICE}/schede")).status_code == 403


async def test_at_night_what_no_longer_passes_goes_off_sale_and_its_producer_hears_once(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(Certificate)
            .where(Certificate.producer_id == shop.producers["caseificio"])
            .values(valid_until=date(2020, 1, 1))
        )
    for _ in range(2):
        await night(shop)

    gone = await stored(shop, "squacquerone")
    assert (gone.published_at, gone.is_complete) == (None, False)
    assert (await stored(shop)).published_at is not None
    letters = await one(shop, select(func.count()).where(OutgoingMail.kind == "product.stopped"))
    assert letters == 1
    letter = await one(shop, select(OutgoingMail).where(OutgoingMail.kind == "product.stopped"))
    assert letter.recipient == "info@caseificio.example"
    assert "Squacquerone di Romagna: Manca un certificato valido" in letter.text
    assert await one(shop, select(AuditEntry).where(AuditEntry.action == "product.stopped"))


async def test_a_night_without_change_changes_nothing(shop: TestShop) -> None:
    before = await one(shop, select(func.sum(Product.version)))
    await night(shop)

    assert await one(shop, select(func.sum(Product.version))) == before


async def night(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        add_job(db, "catalog.rejudge")
    with clock.shifted(timedelta(seconds=1)):
        await shop.run_jobs()


async def test_what_is_no_food_is_not_sold_without_its_picture(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        olio = await db.get_one(Product, shop.products["olio"])
        olio.product_class, olio.safety = "articolo", SHEETS["articolo"]
        missing = await products.judge(db, [olio.id])

    assert [each.field for each in missing[shop.products["olio"]]] == ["pictures"]
    assert (await stored(shop)).published_at is None
