"""Dora sets what delivery costs and where: zones made, changed, retired, and what is wrong said beside its field."""

from typing import Any

import pytest
from sqlalchemy import select, update

from app.delivery.models import Zone, ZoneRange
from app.delivery.quotes import quote
from tests.cast import Browser, TestShop
from tests.commerce.sold import audits
from tests.commerce.test_cart import write

BASE = "/amministrazione/consegna"
ZONE = {
    "name_it": "Val Marecchia",
    "name_en": "Marecchia valley",
    "areas": "47863\n47861-47862",
    "is_served": "1",
    "up_to_1": "5",
    "fee_1": "5,90",
    "up_to_2": "15",
    "fee_2": "8,90",
    "up_to_3": "30",
    "fee_3": "13,90",
    "beyond": "kg",
    "per_kg": "0,60",
    "free_over": "79",
    "departures": ["1", "3"],
    "lead_days_min": "1",
    "lead_days_max": "3",
    "carrier_it": "Furgone",
    "fresh_ok": "1",
    "alcohol_ok": "1",
    "dry_from": "22",
    "dry_until": "7",
}


async def zone_of(shop: TestShop, name: str = "Val Marecchia") -> Zone:
    async with shop.database.session(shop.id) as db:
        return next(zone for zone in await db.scalars(select(Zone)) if zone.name["it"] == name)


async def code_at(shop: TestShop, cap: str, country: str = "IT") -> str | None:
    async with shop.database.session(shop.id) as db:
        found = await quote(db, country, cap)
    return found.code if found else None


async def id_of(shop: TestShop, code: str) -> int:
    async with shop.database.session(shop.id) as db:
        return (await db.scalars(select(Zone.id).where(Zone.code == code))).one()


async def test_only_staff_get_in(shop: TestShop, anna: Browser, bruno: Browser, dora: Browser) -> None:
    zone_id = await id_of(shop, "Z1")
    for path in (BASE, f"{BASE}/nuova", f"{BASE}/{zone_id}"):
        assert (await anna.get(path)).headers["location"].startswith("/accedi")
        assert (await bruno.get(path)).status_code == 403
        assert (await dora.get(path)).status_code == 200
    for path in (BASE, f"{BASE}/{zone_id}", f"{BASE}/{zone_id}/ritiro", f"{BASE}/{zone_id}/ripresa"):
        assert (await bruno.post(path, ZONE)).status_code == 403
    assert (await dora.get(f"{BASE}/999999")).status_code == 404
    assert (await dora.post(f"{BASE}/999999/ritiro")).status_code == 404
    assert await audits(shop) == []


async def test_a_zone_is_made_told_and_lived_by(shop: TestShop, anna: Browser, dora: Browser) -> None:
    assert await code_at(shop, "47863") == "Z1"
    page = await dora.follow(await dora.post(BASE, ZONE))
    assert page.says("Val Marecchia")
    assert page.says("fino a 5 kg 5,90 €")
    assert page.says("oltre 30 kg 0,60 € in più al chilo")
    assert page.says("IT 47861–47862, IT 47863")
    zone = await zone_of(shop)
    assert (zone.code, zone.fee_minor, zone.heavier) == ("Z9", 590, [[5000, 890], [15000, 1390]])
    assert (zone.most_g, zone.per_kg_minor, zone.free_over_minor, zone.dry) == (30000, 60, 7900, (22, 7))
    assert (zone.departures, zone.lead_days_max, zone.carrier) == ([1, 3], 3, {"it": "Furgone"})
    assert [await code_at(shop, cap) for cap in ("47860", "47861", "47863", "47864")] == ["Z1", "Z9", "Z9", "Z1"]
    [entry] = await audits(shop)
    assert (entry.action, entry.after["zone"]["it"]) == ("zone.open", "Val Marecchia")
    assert (await anna.get("/spedizioni")).says("Alcolici: nessuna consegna fra le 22 e le 7.")


async def test_the_form_of_a_zone_shows_what_is_and_sent_back_changes_nothing(shop: TestShop, dora: Browser) -> None:
    await dora.post(BASE, ZONE)
    zone = await zone_of(shop)
    page = await dora.get(f"{BASE}/{zone.id}")
    shown = {name: page.one(f"#{name}").attributes["value"] for name in ("up_to_1", "fee_1", "per_kg", "free_over")}
    assert shown == {"up_to_1": "5", "fee_1": "5,90", "per_kg": "0,60", "free_over": "79,00"}
    assert page.one("#areas").text().split("\n") == ["IT 47861–47862", "IT 47863"]
    values = {**ZONE, "areas": page.one("#areas").text(), "up_to_1": "5", "free_over": "79,00"}
    assert (await dora.post(f"{BASE}/{zone.id}", values)).status_code == 303
    assert [entry.action for entry in await audits(shop)] == ["zone.open"]


async def test_a_change_is_told_with_before_and_after(shop: TestShop, dora: Browser) -> None:
    await dora.post(BASE, ZONE)
    zone = await zone_of(shop)
    values = {**ZONE, "up_to_3": "", "fee_3": "12,90", "areas": "IT FC\nAT", "dry_from": "", "dry_until": ""}
    answer = await dora.post(f"{BASE}/{zone.id}", values)
    assert answer.status_code == 303, answer.one("[data-error-summary]").text()
    now = await zone_of(shop)
    assert (now.heavier, now.most_g, now.per_kg_minor, now.dry) == ([[5000, 890], [15000, 1290]], None, None, None)
    entry = (await audits(shop))[-1]
    assert entry.action == "zone.change"
    assert set(entry.after) == {"bands", "per_kg_minor", "areas", "dry"}
    assert entry.before["areas"] == "IT 47861–47862\nIT 47863"


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"name_it": ""}, "name_it", ""),
        ({"areas": ""}, "areas", ""),
        ({"areas": "4 7"}, "areas", "“4 7” non si capisce"),
        ({"areas": "47122-47121"}, "areas", "non si capisce"),
        ({"areas": "471211"}, "areas", "non si capisce"),
        ({"areas": "IT AB12"}, "areas", "non si capisce"),
        ({"areas": "QQ"}, "areas", "questo paese non c’è"),
        ({"areas": "IT ZZ"}, "areas", "questa provincia non esiste"),
        ({"areas": "47121\n47121"}, "areas", "si accavallano"),
        ({"areas": "47000-48999"}, "areas", "si accavalla con “IT 47000–48999” della zona Z1"),
        ({"areas": "46000-47500"}, "areas", "si accavalla con “IT 47000–48999” della zona Z1"),
        ({"areas": "DE"}, "areas", "della zona Z8"),
        ({"up_to_2": "5"}, "up_to_2", "Deve pesare più della fascia prima."),
        ({"up_to_2": "4,5"}, "up_to_2", "Deve pesare più della fascia prima."),
        ({"up_to_2": ""}, "up_to_2", "solo l’ultima fascia può restare aperta"),
        ({"up_to_1": "0"}, "up_to_1", ""),
        ({"up_to_1": "2000"}, "up_to_1", ""),
        ({"up_to_1": "tanti"}, "up_to_1", ""),
        ({"fee_2": "5,80"}, "fee_2", "Non può costare meno della fascia prima."),
        ({"fee_2": ""}, "fee_2", "Scrivi un importo"),
        ({"fee_2": "-1"}, "fee_2", "Scrivi un importo"),
        ({f"{name}_{n}": "" for name in ("up_to", "fee") for n in (1, 2, 3)}, "fee_1", "quanto costa"),
        ({"per_kg": ""}, "per_kg", "Scrivi un importo"),
        ({"free_over": "gratis"}, "free_over", "Scrivi un importo"),
        ({"lead_days_max": "0"}, "lead_days_max", "prima dei giorni minimi"),
        ({"departures": ["7"]}, "departures", ""),
        ({"dry_from": ""}, "dry_until", "due ore diverse"),
        ({"dry_until": "25"}, "dry_until", ""),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    shop: TestShop, dora: Browser, typed: dict[str, Any], field: str, says: str
) -> None:
    answer = await dora.post(BASE, {**ZONE, **typed})
    assert answer.status_code == 422
    assert f"#{field}" in [node.attributes["href"] for node in answer.all("[data-error-summary] a")]
    if field != "departures":
        assert says in answer.one(f"#{field}-error").text()
    for name in ("name_en", "fee_1", "lead_days_min", "carrier_it"):
        assert (answer.one(f"#{name}").attributes["value"] or "") == {**ZONE, **typed}[name]
    assert answer.one("#areas").text().strip() == str({**ZONE, **typed}["areas"]).strip()
    assert answer.one("[name=departures][value='3']").attributes.get("checked", "no") is None or "departures" in typed
    async with shop.database.session(shop.id) as db:
        assert len(list(await db.scalars(select(Zone)))) == 4


async def test_a_zone_that_is_not_served_needs_no_price(shop: TestShop, anna: Browser, dora: Browser) -> None:
    values = {"name_it": "San Marino", "areas": "SM\n47890-47899", "lead_days_min": "1", "lead_days_max": "1"}
    assert (await dora.post(BASE, values)).status_code == 303
    assert (await anna.get("/prodotti/olio?cap=47890")).says("Qui non consegniamo.")


async def test_the_narrower_wins_whatever_the_rows_said_before(shop: TestShop, dora: Browser) -> None:
    await write(shop, update(ZoneRange).values(priority=7))
    await dora.post(BASE, {**ZONE, "areas": "471\n47121"})
    places = [("47121", "Z9"), ("47199", "Z9"), ("47200", "Z1"), ("20100", "Z4"), ("90100", "Z5")]
    assert [(cap, await code_at(shop, cap)) for cap, _code in places] == places


async def test_a_retired_zone_is_as_if_it_were_not_there_until_it_is_taken_up(
    shop: TestShop, anna: Browser, dora: Browser
) -> None:
    zone_id = await id_of(shop, "Z1")
    page = await dora.follow(await dora.post(f"{BASE}/{zone_id}/ritiro"))
    assert page.says("Zona ritirata")
    assert page.says("Rimetti Z1")
    assert await code_at(shop, "47121") == "Z4"
    assert not (await anna.get("/spedizioni")).says("5,90")
    assert (await dora.follow(await dora.post(f"{BASE}/{zone_id}/ritiro"))).says("Era già ritirata.")
    assert (await dora.get(f"{BASE}/{zone_id}")).headers["location"] == BASE
    assert (await dora.post(f"{BASE}/{zone_id}", {**ZONE, "areas": "47"})).status_code == 404
    assert (await dora.follow(await dora.post(f"{BASE}/{zone_id}/ripresa"))).says("La zona vale di nuovo.")
    assert await code_at(shop, "47121") == "Z1"
    assert [entry.action for entry in await audits(shop)] == ["zone.retire", "zone.take_up"]


async def test_what_another_zone_has_taken_over_is_not_taken_up(shop: TestShop, dora: Browser) -> None:
    zone_id = await id_of(shop, "Z1")
    await dora.post(f"{BASE}/{zone_id}/ritiro")
    await dora.post(BASE, {**ZONE, "areas": "47500-49500"})
    page = await dora.post(f"{BASE}/{zone_id}/ripresa")
    assert page.status_code == 422
    assert page.one("main .notice--bad")
    assert page.says("si accavalla con “IT 47500–49500” della zona Val Marecchia")
    assert await code_at(shop, "47121") == "Z4"


async def test_a_zone_of_another_shop_does_not_exist(shop: TestShop, other_shop: TestShop, dora: Browser) -> None:
    zone_id = await id_of(other_shop, "Z1")
    assert (await dora.get(f"{BASE}/{zone_id}")).status_code == 404
    assert (await dora.post(f"{BASE}/{zone_id}", ZONE)).status_code == 404
    assert await code_at(other_shop, "47121") == "Z1"


async def test_pages_that_tell_the_price_are_dropped(shop: TestShop, anna: Browser, dora: Browser) -> None:
    kept = shop.app.kept
    kept.enabled = True
    try:
        await anna.get("/prodotti/olio")
        assert len(kept) == 1
        await dora.post(BASE, ZONE)
        assert len(kept) == 0
    finally:
        kept.enabled = False
        kept.clear()
