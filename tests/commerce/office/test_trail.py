"""The audit trail as staff read it: who, what in words, when in the shop, before and after with labels."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from app.kernel.db import transaction
from app.kernel.tenancy import Person
from app.system import audit
from app.system.models import AuditEntry
from tests.cast import Browser, TestShop
from tests.queries import queries_of

PATH = "/amministrazione/registro"
AT = datetime(2026, 1, 15, 23, 30, tzinfo=UTC)  # half past midnight in the shop


@pytest.fixture
async def trail(shop: TestShop) -> TestShop:
    """Dora hid a producer, Bruno changed a price, the shop itself stopped a product; and a deed that has no words."""
    await write(shop, "dora@tavola.example", "producer.hide", "producer", "7", {"hidden": False}, {"hidden": True})
    bruno = "bruno@frantoio.example"
    await write(shop, bruno, "variant.price", "variant", "9", {"price_minor": 1900}, {"price_minor": 2100})
    stopped = {"missing": ["L10 name_it"], "at": AT.isoformat()}
    await write(shop, None, "product.stopped", "product", "5", {}, stopped, request="richiesta-xyz")
    await write(shop, None, "moon.landing", "moon", "1", {}, {"flag": "x"})
    return shop


async def write(
    shop: TestShop, who: str | None, action: str, entity: str, id_: str, before: Any, after: Any, request: str = ""
) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        db.add(
            AuditEntry(
                at=AT,
                actor_id=shop.users[who] if who else None,
                actor_role="staff" if who else "system",
                action=action,
                entity=entity,
                entity_id=id_,
                before=before,
                after=after,
                request_id=request or None,
            )
        )


async def rows(browser: Browser, query: str = "", language: str = "") -> list[str]:
    page = await browser.get(f"{language}{PATH}{query}")
    assert page.status_code == 200
    return [" ".join(row.text(separator=" ").split()) for row in page.all("main tbody tr")]


async def test_each_line_is_in_words(trail: TestShop, dora: Browser) -> None:
    unknown, stopped, price, hidden = await rows(dora)

    assert hidden.startswith("16 gen 2026, 00:30 Dora")
    assert "redazione Tolto dalla vetrina Produttore 7" in hidden
    assert "Nascosto: no → sì" in hidden
    assert "Prezzo: 19,00 € → 21,00 €" in price.replace("\xa0", " ")
    assert "il negozio, da solo Tolto dalla vendita: manca qualcosa" in stopped
    assert "Quando: 16 gen 2026, 00:30" in stopped
    assert "Richiesta richiesta-xyz" in stopped
    assert "moon.landing moon 1" in unknown, "raw names where there are no others"
    assert "flag: x" in unknown


async def test_codes_are_told_by_name_and_what_was_never_there_is_not(shop: TestShop, dora: Browser) -> None:
    await write(shop, "dora@tavola.example", "campaign.stop", "campaign", "3", {"state": "running"}, {"state": "over"})
    made = {"net_amount": 100, "net_unit": "piece", "season_mask": 0b110000, "drained_amount": None}
    await write(shop, "dora@tavola.example", "product.create", "product", "8", {}, made)
    await write(
        shop, "dora@tavola.example", "campaign.make", "campaign", "3", {}, {"kind": "sale", "until": AT.isoformat()}
    )

    await write(
        shop, "dora@tavola.example", "review.approved", "review", "1", {"state": "pending"}, {"state": "published"}
    )
    await write(
        shop,
        "dora@tavola.example",
        "product.etichetta",
        "product",
        "8",
        {"food": {}},
        {"food": {"origin": {"it": "Italia"}}},
    )

    sheet, approved, begun, created, stopped = await rows(dora)

    assert "Etichetta Prodotto 8" in sheet
    assert "Stato: Da leggere → Pubblicata" in approved

    assert "Tipo: Offerta Al: 16 gen 2026, 00:30" in begun
    assert "Quantità netta: 100 Unità: pezzi Mesi in cui si vende: maggio–giugno" in created
    assert "sgocciolato" not in created
    assert "Stato: In corso → Finita" in stopped
    page = await dora.get(PATH)
    assert "until" not in {option.attributes["value"] for option in page.all("#cosa option")}, "a field is no thing"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=Dora", "Tolto dalla vetrina"),
        ("?q=bruno@frantoio", "Prezzo cambiato"),
        ("?q=prezzo+cambiato", "Prezzo cambiato"),
        ("?q=variant.price", "Prezzo cambiato"),
        ("?q=richiesta-xyz", "manca qualcosa"),
        ("?cosa=producer", "Tolto dalla vetrina"),
        ("?cosa=producer&q=7&dal=2026-01-16&al=2026-01-16", "Tolto dalla vetrina"),
    ],
)
async def test_found_by_person_deed_entity_request_and_day(
    trail: TestShop, dora: Browser, query: str, found: str
) -> None:
    (row,) = await rows(dora, query)
    assert found in row


async def test_days_are_the_shops(trail: TestShop, dora: Browser) -> None:
    assert len(await rows(dora, "?dal=2026-01-16")) == 4
    assert await rows(dora, "?al=2026-01-15") == []
    assert (await dora.get(f"{PATH}?al=2026-01-15")).says("Con questa ricerca non si trova niente.")


async def test_a_day_that_is_none_is_said_beside_its_field(trail: TestShop, dora: Browser) -> None:
    page = await dora.get(f"{PATH}?dal=ieri&q=Dora")

    assert page.status_code == 200
    assert page.all(".errors, [role='alert'], a[href='#dal']")
    assert page.one("input[name='q']").attributes["value"] == "Dora"


async def test_however_long_it_is(trail: TestShop, dora: Browser) -> None:
    _, few = await queries_of(dora, PATH)
    for number in range(60):
        await write(trail, "dora@tavola.example", "tag.open", "tag", str(number), {}, {"name": {"it": "Nuovo"}})
    page, many = await queries_of(dora, PATH)

    assert many == few
    assert len(page.all("main tbody tr")) == 50
    assert len(await rows(dora, "?pagina=2")) == 14


async def test_only_staff_of_this_shop(trail: TestShop, bruno: Browser, anna: Browser, other_shop: TestShop) -> None:
    assert (await bruno.get(PATH)).status_code == 403
    assert (await anna.get(PATH)).status_code == 303
    async with other_shop.browser() as stranger:
        await stranger.sign_in("dora@tavola.example")
        assert await rows(stranger) == []


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Price changed"), ("de", "Preis geändert"), ("fr", "Prix modifié")]
)
async def test_in_the_readers_language(trail: TestShop, dora: Browser, language: str, said: str) -> None:
    assert any(said in row for row in await rows(dora, language=f"/{language}"))


@pytest.mark.parametrize(
    ("entity", "shown"),
    [("tag", "Nuovo"), ("category", "Nuovo"), ("product", "Nuovo"), ("user", "•••"), ("order", "•••"), ("new", "•••")],
)
async def test_only_peoples_names_are_masked(shop: TestShop, entity: str, shown: str) -> None:
    person = Person(shop.users["dora@tavola.example"], "Dora", "", "staff", "it", 1)
    async with shop.database.session(shop.id) as db, transaction(db):
        audit.by(db, person, f"{entity}.edit", (entity, 1), {"name": "Vecchio"}, {"name": "Nuovo", "email": "a@b.it"})

    async with shop.database.session(shop.id) as db:
        (entry,) = await db.scalars(select(AuditEntry))
    assert entry.after == {"name": shown, "email": "•••"}
    assert (entry.before["name"] == "•••") == (shown == "•••")
