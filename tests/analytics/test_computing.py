"""What is computed from orders, products and views: right, only for what changed, and the same when done twice."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.analytics.recommendations import also_bought, jobs, lists, personal, similar, weights
from app.analytics.recommendations.models import Recommendation, RecommendationSweep
from app.analytics.views_log import counting
from app.commerce.orders.models import Order, OrderGroup
from app.kernel import clock
from app.kernel.db import transaction
from app.producers.models import Producer
from tests.analytics.props import at, bought, category, change, computed, food, names, rows
from tests.cast import TestShop


class Killed(BaseException):
    """What a process dies of."""


def ids(of: list[Recommendation]) -> list[tuple[int | None, int | None, str, int, int, float, str]]:
    return [(r.beside_id, r.user_id, r.part, r.product_id, r.rank, r.score, r.reason) for r in of]


async def sweep_of(shop: TestShop, kind: str) -> RecommendationSweep:
    async with shop.database.session(shop.id) as db:
        found = await db.scalars(select(RecommendationSweep).where(RecommendationSweep.kind == kind))
        return found.one()


class TestAlsoBought:
    async def test_two_common_buyers_are_enough_and_one_is_not(self, shop: TestShop) -> None:
        await bought(shop, "anna", "olio", "squacquerone", "aceto")
        await bought(shop, "piero", "olio")
        await bought(shop, "piero", "squacquerone")  # another day, the same person
        await bought(shop, "lia", "sangiovese")
        await computed(shop, "also_bought")

        assert await names(shop, "also_bought", "olio") == ["squacquerone"]
        assert await names(shop, "also_bought", "squacquerone") == ["olio"]
        assert await names(shop, "also_bought", "aceto") == []
        (row,) = await rows(shop, "also_bought", beside_id=shop.products["olio"])
        assert (row.score, row.rank, row.reason, row.user_id) == (1.0, 1, "together", None)

    async def test_one_person_who_comes_again_is_one_person(self, shop: TestShop) -> None:
        for _ in range(3):
            await bought(shop, "anna", "olio", "squacquerone")
        await computed(shop, "also_bought")

        assert await names(shop, "also_bought", "olio") == []

    async def test_only_what_was_paid_and_kept_in_the_last_180_days_counts(self, shop: TestShop) -> None:
        for who in ("anna", "piero"):
            await bought(shop, who, "olio", "squacquerone", ago=timedelta(days=181))
            await bought(shop, who, "olio", "aceto", paid_at=None)
            undone = await bought(shop, who, "olio", "sangiovese")
            async with shop.database.session(shop.id) as db, transaction(db):
                await db.execute(update(Order).where(Order.group_id == undone).values(state="refunded"))
            back = await bought(shop, who, "olio", "formaggio")
            async with shop.database.session(shop.id) as db, transaction(db):
                await db.execute(update(OrderGroup).where(OrderGroup.id == back).values(state="refunding"))
        await computed(shop, "also_bought")

        assert await rows(shop, "also_bought") == []

    async def test_what_everybody_buys_is_beside_nothing(self, shop: TestShop) -> None:
        for who in ("anna", "piero", "lia", "ugo"):
            await bought(shop, who, "olio", "squacquerone" if who in {"anna", "piero"} else "aceto")
        for who in ("mara", "nino"):
            await bought(shop, who, "squacquerone")
        await computed(shop, "also_bought")

        assert await names(shop, "also_bought", "olio") == ["aceto"]  # the cheese: 2 · 6 < 4 · 4

    async def test_purchases_that_grow_old_leave_the_list(self, shop: TestShop) -> None:
        for who in ("anna", "piero"):
            await bought(shop, who, "olio", "squacquerone", ago=timedelta(days=170))
        await computed(shop, "also_bought")
        assert await names(shop, "also_bought", "olio") == ["squacquerone"]

        with clock.shifted(timedelta(days=11)):
            await computed(shop, "also_bought")
        assert await rows(shop, "also_bought") == []

    async def test_only_those_whose_buyers_changed_are_due_again(self, shop: TestShop) -> None:
        for who in ("anna", "piero"):
            await bought(shop, who, "olio", "squacquerone", ago=timedelta(hours=1))
        await bought(shop, "lia", "sangiovese", ago=timedelta(hours=1))
        await computed(shop, "also_bought")
        before = (await rows(shop, "also_bought", beside_id=shop.products["olio"]))[0].computed_at
        await bought(shop, "lia", "aceto", ago=timedelta(0))
        done = await sweep_of(shop, "also_bought")
        async with shop.database.session(shop.id) as db:
            window = lists.Window(done.since, clock.now())
            due = await also_bought.due(db, window, (0, 0), 100)
        await computed(shop, "also_bought")

        assert {product_id for product_id, _ in due} == {shop.products["sangiovese"], shop.products["aceto"]}
        assert (await rows(shop, "also_bought", beside_id=shop.products["olio"]))[0].computed_at == before

    async def test_what_the_public_may_not_see_takes_no_place(self, shop: TestShop) -> None:
        for who in ("anna", "piero"):
            await bought(shop, who, "olio", "squacquerone", "aceto")
        await change(shop, "squacquerone", published_at=None)
        await computed(shop, "also_bought")

        assert await names(shop, "also_bought", "olio") == ["aceto"]


class TestSimilar:
    async def test_kin_first_then_price(self, shop: TestShop) -> None:
        await category(shop, "formaggi", "squacquerone", "formaggio")
        await computed(shop, "similar")
        beside_olio = await rows(shop, "similar", beside_id=shop.products["olio"])

        assert (await names(shop, "similar", "squacquerone"))[0] == "formaggio"
        assert beside_olio[0].product_id == shop.products["aceto"]  # category, province, producer; and the price
        assert beside_olio[0].score == pytest.approx(0.4 + 0.15 + 0.1 + 0.15 * 1250 / 1900, abs=1e-4)
        assert beside_olio[0].reason == "twin"
        assert all(row.product_id != row.beside_id for row in await rows(shop, "similar"))

    async def test_origin_and_organic_count_when_they_are_told(self, shop: TestShop) -> None:
        await food(shop, "olio", provinces=["RN"])
        await food(shop, "sangiovese", provinces=["RN", "FC"])
        for sku in ("olio", "sangiovese"):
            await change(shop, sku, certifications=["bio"])
        await computed(shop, "similar")
        first = (await rows(shop, "similar", beside_id=shop.products["olio"]))[0]

        assert first.product_id == shop.products["sangiovese"]
        assert first.score == pytest.approx(0.4 + 0.15 + 0.15 + 0.15 * 1180 / 1900, abs=1e-4)
        assert first.reason == "origin"

    async def test_a_change_renews_the_product_and_those_it_became_similar_to(
        self, shop: TestShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(similar, "KEPT", 1)
        await category(shop, "vini", "sangiovese", "esaurito")
        with clock.shifted(timedelta(hours=1)):
            await computed(shop, "similar")
        old = {row.beside_id: row.computed_at for row in await rows(shop, "similar", rank=1)}
        with clock.shifted(timedelta(hours=2)):
            await change(shop, "sangiovese", sort_name="z")
            await computed(shop, "similar")
        new = {row.beside_id: row.computed_at for row in await rows(shop, "similar", rank=1)}

        renewed = {product_id for product_id in new if new[product_id] != old[product_id]}
        assert renewed == {shop.products["sangiovese"], shop.products["esaurito"]}

    async def test_what_is_hidden_is_beside_nothing_and_has_nothing_beside_it(self, shop: TestShop) -> None:
        async with shop.database.session(shop.id) as db, transaction(db):
            await db.execute(update(Producer).where(Producer.slug == "cantina").values(hidden_at=clock.now()))
        await change(shop, "aceto", deleted_at=clock.now())
        await computed(shop, "similar")
        found = await rows(shop, "similar")

        gone = {shop.products[sku] for sku in ("sangiovese", "esaurito", "aceto")}
        assert found
        assert not gone & {row.product_id for row in found}
        assert not gone & {row.beside_id for row in found}

    async def test_a_weight_that_changes_changes_the_order(
        self, shop: TestShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        by_price = weights.Similar(category=0, organic=0, origin=0, price=1, producer=0)
        monkeypatch.setattr(weights, "WEIGHTS", replace(weights.WEIGHTS, similar=by_price))
        await computed(shop, "similar")

        assert (await names(shop, "similar", "olio"))[0] == "formaggio"  # 19,00 and 22,50


class TestPersonal:
    async def test_from_the_favourite_category_and_nothing_known(self, shop: TestShop) -> None:
        anna = shop.users["anna@posta.example"]
        await category(shop, "formaggi", "squacquerone", "formaggio")
        await bought(shop, "anna", "squacquerone", user_id=anna)
        await computed(shop, "personal")
        (row,) = await rows(shop, "personal")

        assert (row.user_id, row.product_id) == (anna, shop.products["formaggio"])
        assert row.reason == "category"
        assert row.arguments["category"]["en"] == "formaggi (en)"
        assert row.score == pytest.approx(0.4 + 0.3 * (3.5 - 1) / 4, abs=1e-4)

    async def test_stars_popularity_and_the_shop_count_too(self, shop: TestShop) -> None:
        anna = shop.users["anna@posta.example"]
        await bought(shop, "anna", "olio", user_id=anna, ago=timedelta(days=60))
        await bought(shop, "ugo", "sangiovese")
        await change(shop, "aceto", rating_count=4, rating_sum=20)
        await change(shop, "formaggio", is_featured=True)
        await computed(shop, "personal")
        scores = {row.product_id: row.score for row in await rows(shop, "personal", user_id=anna)}
        plain = 0.4 + 0.3 * 2.5 / 4

        assert shop.products["olio"] not in scores
        assert scores[shop.products["squacquerone"]] == pytest.approx(plain, abs=1e-4)
        assert scores[shop.products["sangiovese"]] == pytest.approx(plain + 0.2, abs=1e-4)
        assert scores[shop.products["formaggio"]] == pytest.approx(plain + 0.1, abs=1e-4)
        assert scores[shop.products["aceto"]] > plain

    async def test_of_a_category_only_so_many_come_before_the_next(
        self, shop: TestShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        two = replace(weights.WEIGHTS.personal, most_of_category=2)
        monkeypatch.setattr(weights, "WEIGHTS", replace(weights.WEIGHTS, personal=two))
        anna = shop.users["anna@posta.example"]
        await category(shop, "altri", "aceto", "formaggio")
        await bought(shop, "anna", "aceto", user_id=anna, ago=timedelta(days=90))
        await bought(shop, "anna", "olio", user_id=anna)
        await computed(shop, "personal")

        assert await names(shop, "personal") == ["squacquerone", "sangiovese", "formaggio", "esaurito"]

    async def test_who_has_no_account_or_has_bought_nothing_has_no_list(self, shop: TestShop) -> None:
        await bought(shop, "anna", "olio")
        await computed(shop, "personal")

        assert await rows(shop, "personal") == []

    async def test_only_who_has_bought_since_is_due(self, shop: TestShop) -> None:
        anna, bruno = shop.users["anna@posta.example"], shop.users["bruno@frantoio.example"]
        await bought(shop, "anna", "olio", user_id=anna)
        await computed(shop, "personal")
        done = await sweep_of(shop, "personal")
        await bought(shop, "bruno", "olio", user_id=bruno, ago=timedelta(0))
        async with shop.database.session(shop.id) as db:
            due = await personal.due(db, lists.Window(done.since, clock.now()), (0, 0), 100)

        assert due == [(bruno, 0)]


class TestTrending:
    async def test_orders_and_views_of_seven_days(self, shop: TestShop) -> None:
        for who in ("anna", "piero", "lia"):
            await bought(shop, who, "olio")
        await bought(shop, "ugo", "aceto")  # one order is not enough
        for _ in range(150):
            counting.seen(shop.id, shop.products["formaggio"])
        for who in ("anna", "piero"):
            await bought(shop, who, "sangiovese", ago=timedelta(days=8))
        await counting.write_down(shop.database)
        await computed(shop, "trending")
        found = await rows(shop, "trending")

        assert [row.product_id for row in found] == [shop.products["olio"], shop.products["formaggio"]]
        assert [row.score for row in found] == [3.0, 3.0]
        assert [row.reason for row in found] == ["ordered", "viewed"]

    async def test_nothing_in_demand_is_an_empty_list_also_after_a_full_one(self, shop: TestShop) -> None:
        for who in ("anna", "piero"):
            await bought(shop, who, "olio")
        await computed(shop, "trending")
        assert len(await rows(shop, "trending")) == 1
        with clock.shifted(timedelta(days=8)):
            await computed(shop, "trending")

        assert await rows(shop, "trending") == []


class TestContextual:
    async def test_what_has_its_season_and_most_what_soon_has_not(self, shop: TestShop) -> None:
        await change(shop, "olio", season_mask=0b0100_0000_0000)  # November
        await change(shop, "aceto", season_mask=0b1100_0000_0000)
        await change(shop, "formaggio", season_mask=0b0000_0001_0000)
        with clock.frozen(at("2027-11-21T09:00:00+00:00")):
            await computed(shop, "contextual")
        morning = await rows(shop, "contextual", part="morning")

        assert [(row.product_id, row.reason) for row in morning] == [
            (shop.products["olio"], "ending"),
            (shop.products["aceto"], "season"),
        ]
        assert morning[0].arguments == {"month": 11}
        assert len(await rows(shop, "contextual")) == 8  # alike in the four parts of the day

    async def test_the_hour_speaks_once_there_are_orders_enough(self, shop: TestShop) -> None:
        await category(shop, "vini", "sangiovese", "esaurito")
        with clock.frozen(at("2027-11-20T18:30:00+00:00")):  # half past seven in the evening here
            for number in range(10):
                await bought(shop, f"sera{number}", "sangiovese", ago=timedelta(0))
        with clock.frozen(at("2027-11-21T08:30:00+00:00")):
            for number in range(10):
                await bought(shop, f"mattina{number}", "olio", ago=timedelta(0))
            await computed(shop, "contextual")
        evening, morning = [await names(shop, "contextual", part=part) for part in ("evening", "morning")]

        assert "sangiovese" in evening
        assert "sangiovese" not in morning
        assert "aceto" in morning
        assert len(morning) == 2, "a few of a category"


@pytest.mark.parametrize("kind", ["also_bought", "similar", "personal", "trending", "contextual"])
async def test_computed_twice_is_computed_once(shop: TestShop, kind: str) -> None:
    anna = shop.users["anna@posta.example"]
    for who, user_id in (("anna", anna), ("piero", None)):
        await bought(shop, who, "olio", "squacquerone", user_id=user_id)
    await change(shop, "olio", season_mask=0b1111_1111_1110)
    await change(shop, "aceto", season_mask=0b0111_1111_1111)
    await computed(shop, kind)
    first = ids(await rows(shop, kind))
    await computed(shop, kind, kind)
    await computed(shop, "afresh", kind)

    assert first
    assert ids(await rows(shop, kind)) == first


async def test_a_sweep_that_is_killed_goes_on_where_it_stopped(shop: TestShop) -> None:
    small = replace(similar.SWEEP, chunk=2)
    calls = 0

    async def killed(db: Any, window: Any, subjects: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Killed
        return await similar.make(db, window, subjects)

    async with shop.database.session(shop.id) as db:
        assert await lists.step(db, replace(small, make=killed))
        with pytest.raises(Killed):
            await lists.step(db, replace(small, make=killed))
    half = {row.beside_id for row in await rows(shop, "similar")}
    async with shop.database.session(shop.id) as db:
        steps = 0
        while await lists.step(db, small):
            steps += 1
    whole = {row.beside_id for row in await rows(shop, "similar")}

    assert len(half) == 2
    assert steps == 2, "the first two were done already"
    assert whole == set(shop.products.values())


async def test_nothing_is_half_written(shop: TestShop, monkeypatch: pytest.MonkeyPatch) -> None:
    await computed(shop, "similar")
    before = ids(await rows(shop, "similar"))
    await computed(shop, "afresh")
    real = lists.replace

    async def torn(*arguments: Any) -> None:
        await real(*arguments)
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(lists, "replace", torn)
    async with shop.database.session(shop.id) as db:
        with pytest.raises(RuntimeError):
            await lists.step(db, similar.SWEEP)
    done = await sweep_of(shop, "similar")

    assert ids(await rows(shop, "similar")) == before
    assert (done.first, done.second) == (0, 0)


async def test_who_comes_second_with_the_same_chunk_writes_nothing(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, shop.database.session(shop.id) as quicker:

        async def overtaken(session: Any, window: Any, subjects: Any) -> Any:
            await db.commit()
            assert await lists.step(quicker, similar.SWEEP)
            return {subjects[0][1]: []}  # what the slow one would write

        assert await lists.step(db, replace(similar.SWEEP, make=overtaken))

    assert await names(shop, "similar", "olio")
    assert len({(row.beside_id, row.rank) for row in await rows(shop, "similar")}) == len(await rows(shop, "similar"))


async def test_a_long_sweep_hands_over_to_a_job_of_its_own(shop: TestShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "STEPS", 2)
    monkeypatch.setattr(jobs.similar, "SWEEP", replace(similar.SWEEP, chunk=1))
    await computed(shop, "similar")

    assert {row.beside_id for row in await rows(shop, "similar")} == set(shop.products.values())
    assert (await sweep_of(shop, "similar")).started_at is None


async def test_a_shop_is_computed_from_its_own_orders(shop: TestShop, other_shop: TestShop) -> None:
    for who in ("anna", "piero"):
        await bought(shop, who, "olio", "squacquerone")
        await bought(other_shop, who, "olio")
        await bought(other_shop, who, "aceto")
    await computed(shop)
    await computed(other_shop)

    assert await names(shop, "also_bought", "olio") == ["squacquerone"]
    assert await names(other_shop, "also_bought", "olio") == ["aceto"]
    assert set(await names(shop, "trending")) == {"olio", "squacquerone"}
