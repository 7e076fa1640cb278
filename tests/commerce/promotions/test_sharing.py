"""Promotions of the shop that producers pay a part of: they hear of it, see it, and may leave."""

from sqlalchemy import select

from app.commerce.promotions.models import Promotion
from app.system.models import OutgoingMail
from tests.cast import Browser, TestShop
from tests.commerce.promotions.props import promote
from tests.commerce.promotions.test_desks import DESK, FORM, NO_LISTS, STAFF, promotions
from tests.commerce.sold import audits
from tests.commerce.test_cart import put


async def letters(shop: TestShop) -> list[OutgoingMail]:
    async with shop.database.session(shop.id) as db:
        return list(
            await db.scalars(
                select(OutgoingMail).where(OutgoingMail.kind == "promotion.payer").order_by(OutgoingMail.id)
            )
        )


async def shared(shop: TestShop, *who: str, share: int = 40) -> int:
    return await promote(shop, percent=10, shop_share=share, producers=[shop.producers[each] for each in who])


async def test_who_pays_is_told_once(shop: TestShop, dora: Browser) -> None:
    await dora.get(f"{STAFF}/nuova")
    values = {**FORM, **NO_LISTS, "shop_share": "40", "producers": [str(shop.producers["frantoio"])]}
    assert (await dora.send("form.promo-form", **values)).status_code == 303
    await shop.run_jobs()
    there = await letters(shop)
    assert "bruno@frantoio.example" in {letter.recipient for letter in there}
    assert "carlo@caseificio.example" not in {letter.recipient for letter in there}
    assert "60" in there[0].text
    [made] = await promotions(shop)
    await dora.get(f"{STAFF}/{made.id}/modifica")
    wider = [str(shop.producers[each]) for each in ("frantoio", "caseificio")]
    assert (await dora.send("form.promo-form", **{**values, "producers": wider, "percent": "12"})).status_code == 303
    await shop.run_jobs()
    new = {letter.recipient for letter in (await letters(shop))[len(there) :]}
    assert "carlo@caseificio.example" in new
    assert "bruno@frantoio.example" not in new


async def test_he_sees_it_and_leaves(shop: TestShop, bruno: Browser, carlo: Browser, anna: Browser) -> None:
    id_ = await shared(shop, "frantoio", "caseificio")
    for desk in (bruno, carlo):
        assert (await desk.get(DESK)).says("paghi il 60%")
    await put(anna, shop, "olio")
    assert (await anna.get("/carrello")).says("Festa d’autunno")
    page = await bruno.follow(await bruno.post(f"{DESK}/{id_}/uscita"))
    assert page.says("Fatto: non vale più per i tuoi prodotti.")
    assert not page.says("Festa d’autunno")
    assert not (await anna.get("/carrello")).says("Festa d’autunno")
    assert (await carlo.get(DESK)).says("Festa d’autunno")
    assert (await bruno.post(f"{DESK}/{id_}/uscita")).status_code == 404
    assert "promotion.changed" in {entry.action for entry in await audits(shop)}


async def test_the_last_one_to_leave_ends_it(shop: TestShop, bruno: Browser) -> None:
    id_ = await shared(shop, "frantoio")
    await bruno.post(f"{DESK}/{id_}/uscita")
    async with shop.database.session(shop.id) as db:
        assert (await db.get_one(Promotion, id_)).stopped_at is not None


async def test_what_the_shop_pays_alone_is_nobodys_to_leave(shop: TestShop, bruno: Browser, carlo: Browser) -> None:
    own = await promote(shop, percent=10, shop_share=100, producers=[shop.producers["frantoio"]])
    others = await shared(shop, "caseificio")
    page = await bruno.get(DESK)
    assert not page.says("che paghi anche tu")
    assert (await bruno.post(f"{DESK}/{own}/uscita")).status_code == 404
    assert (await bruno.post(f"{DESK}/{others}/uscita")).status_code == 404
