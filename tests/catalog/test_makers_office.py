"""Producers at the office: taken in, changed, shown, hidden, their people; and an owner's own page."""

import pytest
from sqlalchemy import select

from app.catalog.models import Product
from app.identity.models import User
from app.kernel.db import transaction
from app.producers.models import Producer, ProducerMember
from app.system.models import AuditEntry, OutgoingMail
from tests.cast import Browser, TestShop
from tests.catalog.pictures import photo, send
from tests.catalog.sheets import SHEETS

PATH, OWN = "/amministrazione/produttori", "/banco/pagina"
ADDRESS = {
    "story_it": "Facciamo miele dal 1980.",
    "street": "Via dei Fiori 3",
    "postal_code": "47121",
    "city": "Forlì",
    "province": "FC",
    "email": "api@miele.example",
    "phone": "0543 555 0199",
}
NEW = {**ADDRESS, "name": "Apicoltura Fiore"}


async def producer(shop: TestShop, **which: object) -> Producer:
    async with shop.database.session(shop.id) as db:
        found = await db.scalar(select(Producer).filter_by(**which))
    assert found is not None
    return found


async def deeds(shop: TestShop) -> list[str]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


async def on_sale(shop: TestShop, sku: str) -> bool:
    async with shop.database.session(shop.id) as db:
        product = await db.get_one(Product, shop.products[sku])
        return product.published_at is not None


async def page_of(shop: TestShop, slug: str) -> dict[str, str]:
    """What the form of a producer would send back."""
    row = await producer(shop, id=shop.producers[slug])
    return {
        "name": row.name,
        "story_it": row.story.get("it") or "Una storia.",
        "street": row.street,
        "postal_code": row.postal_code,
        "city": row.city,
        "province": row.province,
        "email": row.email,
        "phone": row.phone,
        "registration": row.legal.get("registration") or "",
        "health_mark": row.legal.get("health_mark") or "",
        "is_small": "1" if row.legal.get("is_small") else "",
    }


class TestStaff:
    async def test_a_producer_is_taken_in_and_shown_when_he_can_sell(self, shop: TestShop, dora: Browser) -> None:
        assert (await dora.get(f"{PATH}/nuovo")).status_code == 200
        answer = await dora.post(f"{PATH}/nuovo", NEW)
        assert answer.status_code == 303
        made = await producer(shop, name=NEW["name"])
        assert (made.slug, made.hidden_at is not None, made.phone) == ("apicoltura-fiore", True, "+3905435550199")
        assert not (await dora.get("/produttori")).says(NEW["name"])
        early = await dora.post(f"{PATH}/{made.id}/vetrina", {"wish": "mostra"})
        assert early.status_code == 422
        assert early.says("Prima servono i suoi dati fiscali")
        async with shop.database.session(shop.id) as db:
            row = await db.get_one(Producer, made.id)
            row.legal = {**row.legal, "vat_number": "00743110157"}
            await db.commit()
        for _ in range(2):
            assert (await dora.post(f"{PATH}/{made.id}/vetrina", {"wish": "mostra"})).status_code == 303
        assert (await dora.get("/produttori")).says(NEW["name"])
        assert (await dora.get(f"/produttori/{made.slug}")).says("Facciamo miele dal 1980.")
        assert (await deeds(shop)).count("producer.show") == 1

    async def test_two_of_one_name_have_two_addresses(self, shop: TestShop, dora: Browser) -> None:
        for _ in range(2):
            await dora.post(f"{PATH}/nuovo", NEW)
        async with shop.database.session(shop.id) as db:
            slugs = set(await db.scalars(select(Producer.slug).where(Producer.name == NEW["name"])))
        assert slugs == {"apicoltura-fiore", "apicoltura-fiore-2"}

    @pytest.mark.parametrize(
        ("field", "typed", "said"),
        [
            ("postal_code", "4712", "CAP"),
            ("province", "MI", "Il CAP 47121 è in provincia di FC."),
            ("email", "api@", "@"),
            ("founded", "12", "quattro cifre"),
            ("name", "", ""),
        ],
    )
    async def test_a_mistake_stands_beside_its_field_and_nothing_is_lost(
        self, shop: TestShop, dora: Browser, field: str, typed: str, said: str
    ) -> None:
        page = await dora.post(f"{PATH}/nuovo", {**NEW, field: typed})
        assert page.status_code == 422
        assert said in page.one(f"#{field}-error").text()
        assert page.one("#story_it").text() == NEW["story_it"]
        async with shop.database.session(shop.id) as db:
            assert (
                await db.scalar(select(Producer.id).where(Producer.city == NEW["city"], Producer.name == NEW["name"]))
                is None
            )

    async def test_a_new_name_is_found_and_stands_on_cards(self, shop: TestShop, dora: Browser) -> None:
        await dora.get(f"{PATH}/{shop.producers['frantoio']}")
        sent = {**await page_of(shop, "frantoio"), "name": "Frantoio Nuovissimo"}
        assert (await dora.post(f"{PATH}/{shop.producers['frantoio']}", sent)).status_code == 303
        assert (await dora.get("/cerca?q=nuovissimo")).says("Olio")
        assert (await dora.get("/prodotti")).says("Frantoio Nuovissimo")

    async def test_without_its_health_mark_what_needs_one_is_not_sold(self, shop: TestShop, dora: Browser) -> None:
        async with shop.database.session(shop.id) as db, transaction(db):
            cheese = await db.get_one(Product, shop.products["formaggio"])
            cheese.product_class, cheese.food = "latticino", {**cheese.food, **SHEETS["latticino"]}
        dairy = shop.producers["caseificio"]
        marked = {**await page_of(shop, "caseificio"), "health_mark": "IT 08 123 CE"}
        assert (await dora.post(f"{PATH}/{dairy}", marked)).status_code == 303
        assert await on_sale(shop, "formaggio")
        page = await dora.follow(await dora.post(f"{PATH}/{dairy}", {**marked, "health_mark": ""}))
        assert page.says("in vendita: ")
        assert not await on_sale(shop, "formaggio")

    async def test_hidden_he_and_his_goods_are_gone(self, shop: TestShop, dora: Browser, anna: Browser) -> None:
        slug = (await producer(shop, id=shop.producers["frantoio"])).slug
        await dora.post(f"{PATH}/{shop.producers['frantoio']}/vetrina", {"wish": "nascondi"})
        assert (await anna.get(f"/produttori/{slug}")).status_code == 404
        assert (await anna.get(f"/prodotti/{shop.slugs['olio']}")).status_code == 404
        assert not (await anna.get("/prodotti")).says("Frantoio Olivi")
        await dora.post(f"{PATH}/{shop.producers['frantoio']}/vetrina", {"wish": "mostra"})
        assert (await anna.get(f"/prodotti/{shop.slugs['olio']}")).status_code == 200

    async def test_somebody_is_invited_chooses_a_password_and_works_there(self, shop: TestShop, dora: Browser) -> None:
        path = f"{PATH}/{shop.producers['frantoio']}"
        sent = {"member_name": "Bice Olivi", "member_email": "Bice@frantoio.example", "role": "member"}
        assert (await dora.post(f"{path}/persone", sent)).status_code == 303
        await shop.run_jobs()
        async with shop.database.session(shop.id) as db:
            letter = await db.scalar(select(OutgoingMail).where(OutgoingMail.kind == "account.invited"))
        assert letter is not None
        assert letter.recipient == "Bice@frantoio.example"
        token = letter.text.partition("/password/")[2].split()[0]
        async with shop.browser() as bice:
            assert (await bice.post(f"/password/{token}", {"password": "tre ulivi sul colle"})).status_code == 303
            answer = await bice.post("/accedi", {"email": sent["member_email"], "password": "tre ulivi sul colle"})
            assert answer.headers["location"] == "/banco"
            assert (await bice.get("/banco")).status_code == 200
            assert (await bice.get(OWN)).status_code == 403
            page = await dora.get(path)
            assert page.says("Bice Olivi")
            assert page.says("aiutante")
            bice_id = await self._id_of(shop, "Bice@frantoio.example")
            for _ in range(2):
                assert (await dora.post(f"{path}/persone/{bice_id}/rimozione")).status_code == 303
            assert (await bice.get("/banco")).status_code in {303, 403}

    async def test_who_may_not_work_there_is_told_why(self, shop: TestShop, dora: Browser) -> None:
        path = f"{PATH}/{shop.producers['frantoio']}/persone"
        for address, said in (
            ("carlo@caseificio.example", "Lavora già al banco di un altro produttore."),
            ("ada@tavola.example", "È una persona della redazione"),
        ):
            page = await dora.post(path, {"member_name": "Prova", "member_email": address, "role": "owner"})
            assert page.status_code == 422
            assert said in page.one("#member_email-error").text()

    async def test_the_last_owner_stays(self, shop: TestShop, dora: Browser) -> None:
        bruno = await self._id_of(shop, "bruno@frantoio.example")
        page = await dora.post(f"{PATH}/{shop.producers['frantoio']}/persone/{bruno}/rimozione")
        assert page.status_code == 422
        assert page.says("È l’unico titolare")
        async with shop.database.session(shop.id) as db:
            assert await db.scalar(select(ProducerMember.id).where(ProducerMember.user_id == bruno))

    @staticmethod
    async def _id_of(shop: TestShop, email: str) -> int:
        async with shop.database.session(shop.id) as db:
            found = await db.scalar(select(User.id).where(User.email == email))
        assert found is not None
        return found


class TestOwner:
    async def test_he_writes_his_story_and_not_what_staff_vouch_for(self, shop: TestShop, bruno: Browser) -> None:
        before = await producer(shop, id=shop.producers["frantoio"])
        page = await bruno.get(OWN)
        assert not page.all("#name")
        assert not page.all("#health_mark")
        sent = {
            **await page_of(shop, "frantoio"),
            "story_it": "Un frantoio in collina.",
            "name": "Altro",
            "is_small": "1",
        }
        assert (await bruno.post(OWN, sent)).status_code == 303
        after = await producer(shop, id=before.id)
        assert after.story["it"] == "Un frantoio in collina."
        assert (after.name, after.legal) == (before.name, before.legal)

    async def test_his_registration_stands_beside_the_mark_on_food_pages(
        self, shop: TestShop, bruno: Browser, carlo: Browser, dora: Browser, anna: Browser
    ) -> None:
        mill, number = shop.producers["frantoio"], "IT 040012 <b>FC</b>"
        assert not (await anna.get("/prodotti/olio")).says("Registrazione sanitaria")
        sent = {**await page_of(shop, "frantoio"), "registration": number}
        assert (await bruno.post(OWN, sent)).status_code == 303
        for path in ("/prodotti/olio", f"/produttori/{(await producer(shop, id=mill)).slug}"):
            page = await anna.get(path)
            assert page.says("Registrazione sanitaria")
            assert page.says(number)
            assert number not in page.text
        assert not (await anna.get("/prodotti/formaggio")).says("Registrazione sanitaria")
        assert (await dora.get(f"{PATH}/{mill}")).one("#registration").attributes["value"] == number
        assert (await bruno.post(OWN, {**sent, "registration": "x" * 61})).status_code == 422
        assert (await bruno.post(OWN, {**sent, "registration": ""})).status_code == 303
        assert not (await anna.get("/prodotti/olio")).says("Registrazione sanitaria")

    async def test_his_picture_is_changed_and_taken_away(self, shop: TestShop, bruno: Browser) -> None:
        page = await send(bruno, f"{OWN}/immagine", [("ulivi.jpg", b"no picture")], "Ulivi")
        assert page.status_code == 422
        assert page.one("#pictures-error").text()
        assert page.one("#alt_it").attributes["value"] == "Ulivi"
        assert (await send(bruno, f"{OWN}/immagine", [("ulivi.jpg", photo())], "Ulivi")).status_code == 303
        assert (await producer(shop, id=shop.producers["frantoio"])).image
        assert (await bruno.get("/produttori")).all("img[alt='Ulivi']")
        assert (await bruno.post(f"{OWN}/immagine", {"wish": "togli"})).status_code == 303
        assert (await producer(shop, id=shop.producers["frantoio"])).image is None


async def test_another_shops_producer_is_not_there(shop: TestShop, other_shop: TestShop, dora: Browser) -> None:
    stranger = f"{PATH}/{other_shop.producers['frantoio']}"
    assert (await dora.get(stranger)).status_code == 404
    assert (await dora.post(stranger, NEW)).status_code == 404
    assert (await dora.post(f"{stranger}/vetrina", {"wish": "nascondi"})).status_code == 404


async def test_only_staff_come_in(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    for path in (PATH, f"{PATH}/nuovo", f"{PATH}/{shop.producers['frantoio']}"):
        assert (await bruno.get(path)).status_code == 403
        assert (await anna.get(path)).status_code in {303, 403}
