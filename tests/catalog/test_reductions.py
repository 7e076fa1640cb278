"""What may be said of a reduced price, whatever happened to it before: never more than the truth (law.md L1 to L9)."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog import cards, reductions
from app.catalog.reductions import Announcement, Campaign, Change, announcement, judged, percent_off

MADE = datetime(2026, 1, 1, tzinfo=UTC)
SALE = Campaign("sale", 7)


def day(number: float) -> datetime:
    return MADE + timedelta(days=number)


def log(*entries: tuple[float, int, int | None]) -> list[Change]:
    return [Change(day(at), price, chain) for at, price, chain in entries]


def test_the_example_of_the_law() -> None:
    """15, then 18 for ten days, then 12: 20 % less than 15, never 33 % less than 18 (L1)."""
    said = announcement(log((0, 1500, None), (40, 1800, None), (50, 1200, 7)), SALE, MADE, False, day(50))

    assert said == Announcement("low", 1500, 20)


def test_a_low_as_low_as_todays_price_silences_everything() -> None:
    """CJEU C-330/23 (L2)."""
    verdict = judged(log((0, 1200, None), (40, 1560, None), (50, 1200, 7)), SALE, MADE, False, day(50))

    assert (verdict.said, verdict.why, verdict.lowest_minor) == (None, "not_lower", 1200)


def test_a_perishable_names_the_previous_price_and_a_hard_cheese_the_lowest() -> None:
    """Twelve-day squacquerone and 24-month cheese (L3)."""
    changes, campaign = log((0, 490, None), (20, 400, None), (30, 490, None), (45, 350, 7)), Campaign("expiry", 7)

    assert announcement(changes, campaign, MADE, True, day(45)) == Announcement("previous", 490, 28)
    assert announcement(changes, campaign, MADE, False, day(45)) == Announcement("low", 400, 12)


def test_a_price_raised_for_a_minute_is_no_previous_price() -> None:
    changes = log((0, 490, None), (40 - 1 / 1440, 990, None), (40, 480, 7))

    assert announcement(changes, SALE, MADE, True, day(40)) == Announcement("previous", 490, 2)


def test_steps_of_one_campaign_are_measured_by_the_price_before_the_first() -> None:
    """20, 18, 16: both pages show 20 (L4)."""
    changes = log((0, 2000, None), (40, 1800, 7), (45, 1600, 7))

    assert announcement(changes, SALE, MADE, False, day(42)) == Announcement("low", 2000, 10)
    assert announcement(changes, SALE, MADE, False, day(47)) == Announcement("low", 2000, 20)


def test_a_gap_breaks_the_chain() -> None:
    changes = log((0, 2000, None), (40, 1800, 7), (45, 2000, None), (46, 1600, 8))

    assert announcement(changes, Campaign("sale", 8), MADE, False, day(46)) == Announcement("low", 1800, 11)


@pytest.mark.parametrize(("scope", "is_told"), [("public", True), ("code", True), ("personal", False)])
def test_a_code_for_everybody_is_public_and_an_offer_to_one_person_is_not(scope: str, is_told: bool) -> None:
    """L5."""
    said = announcement(log((0, 1500, None), (40, 1200, 7)), Campaign("sale", 7, scope), MADE, False, day(41))

    assert (said is not None) == is_told


def test_a_personal_price_says_on_what_it_is_based_or_is_not_published() -> None:
    """L6."""
    assert reductions.personal_notice(SALE) is None
    told = reductions.personal_notice(Campaign("sale", 7, "personal", True, "la tua provincia"))
    assert told == "Questo prezzo è personalizzato in base a: la tua provincia."
    with pytest.raises(ValueError, match="basis"):
        reductions.personal_notice(Campaign("sale", 7, "personal", True, "  "))


def test_the_unit_price_moves_with_the_price_and_stands_on_drained_weight() -> None:
    """L7: 300 g at 4.90 are 16.33 a kilo; single pieces have none."""
    before, after = cards.unit_price(490, 300, "g"), cards.unit_price(392, 300, "g")

    assert before is not None
    assert after is not None
    assert (before.minor, before.unit, after.minor) == (1633, "kg", 1307)
    assert cards.unit_price(490, 1, "piece") is None


def test_a_smaller_pack_is_told_for_six_months_once_the_rule_has_begun() -> None:
    """L9, off until it has a date."""
    packs, since = [(day(0), 500, 500), (day(10), 450, 500)], date(2025, 10, 1)

    assert reductions.SHRINKING_TOLD_SINCE is None
    assert reductions.shrunk_by(packs, day(20)) is None
    assert reductions.shrunk_by(packs, day(20), since) == 50
    assert reductions.shrunk_by(packs, day(200), since) is None
    assert reductions.shrunk_by(packs, day(20), date(2027, 1, 1)) is None
    assert reductions.shrunk_by([(day(0), 500, 500), (day(10), 450, 450)], day(20), since) is None, "no dearer"


histories = st.lists(
    st.tuples(st.integers(0, 120 * 24), st.integers(1, 5000), st.sampled_from([None, None, 7, 8])),
    min_size=1,
    max_size=12,
    unique_by=lambda entry: entry[0],
).map(lambda entries: [Change(MADE + timedelta(hours=h), p, c) for h, p, c in sorted(entries)])


def in_force(changes: list[Change], at: datetime) -> int | None:
    return next((change.price_minor for change in reversed(changes) if change.valid_from <= at), None)


@given(histories, st.integers(0, 130 * 24), st.integers(0, 120 * 24), st.sampled_from(["sale", "expiry"]))
def test_no_reference_is_above_what_the_public_paid_in_the_month_before(
    changes: list[Change], hour: int, since_hour: int, kind: str
) -> None:
    at, since = MADE + timedelta(hours=hour), MADE + timedelta(hours=since_hour)
    said = announcement(changes, Campaign(kind, 7), since, False, at)
    if said is None:
        return
    price = in_force(changes, at)
    assert said.reference_minor is not None
    assert price is not None
    assert price < said.reference_minor
    assert said.percent * said.reference_minor <= (said.reference_minor - price) * 100
    begins = [c.valid_from for c in changes if c.chain == 7 and c.valid_from <= at]
    start = next(moment for moment in begins if _is_unbroken(changes, moment, at))
    hours = int((start - since).total_seconds() // 3600)
    looked_at = range(1, min(hours, 30 * 24) + 1)
    paid = {in_force(changes, start - timedelta(hours=back)) for back in looked_at} - {None}
    assert said.reference_minor == min(paid)  # type: ignore[type-var]
    if said.days is not None:
        assert timedelta(days=said.days) <= start - since < timedelta(days=30)


def _is_unbroken(changes: list[Change], start: datetime, at: datetime) -> bool:
    """Whether all prices from `start` to `at` are of the campaign, each as low as the one before or lower."""
    inside = [change for change in changes if start <= change.valid_from <= at]
    falls = all(a.price_minor >= b.price_minor for a, b in itertools.pairwise(inside))
    return falls and all(change.chain == 7 for change in inside)


@given(histories, st.integers(0, 130 * 24), st.booleans())
def test_what_is_not_in_a_campaign_is_never_announced(changes: list[Change], hour: int, perishable: bool) -> None:
    at = MADE + timedelta(hours=hour)
    ordinary = [Change(change.valid_from, change.price_minor) for change in changes]

    assert announcement(ordinary, SALE, MADE, perishable, at) is None


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_the_percentage_is_never_rounded_up(reference: int, price: int) -> None:
    if price < reference:
        percent = percent_off(reference, price)
        assert 0 <= percent < 100
        assert percent * reference <= (reference - price) * 100 < (percent + 1) * reference
