"""The tables of docs/algorithms on orders: states, additions, withdrawals, refunds, documents."""

import dataclasses
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.commerce.additions import opening
from app.commerce.documents import building, parties, xml
from app.commerce.documents.content import Line, Party, Total
from app.commerce.orders import parcels, states
from app.commerce.payments import recoveries
from app.commerce.payments.models import Recovery, Transfer
from app.commerce.refunds import plan as refund_plan
from app.commerce.withdrawals import handling
from app.commerce.withdrawals import rules as withdrawals
from app.kernel.errors import Refused
from app.producers import tax
from tests.house.tables import Row, day_of, each, ints, rows_of


@each("order_states")
def test_an_order_moves_as_order_states_md_says(row: Row) -> None:
    assert sorted(states.MOVES[row[0]]) == row[1].split()


def test_order_states_md_has_every_state_once() -> None:
    assert [row[0] for row in rows_of("order_states")] == list(states.MOVES)


@each("withdrawal_period")
def test_there_is_time_to_withdraw_as_withdrawal_md_says(row: Row) -> None:
    period = withdrawals.period([day_of(cell) for cell in row[0].split()], day_of(row[1]))
    assert (period.last_day, period.is_extended) == (day_of(row[2]), row[3] == "yes")


@each("withdrawal_refund")
def test_the_money_of_a_withdrawal_is_due_as_withdrawal_md_says(row: Row) -> None:
    submitted = date.fromisoformat(row[0])
    due = withdrawals.refund_due(submitted, has_left=row[1] == "yes", sent_back=day_of(row[2]), back=day_of(row[3]))
    assert due == day_of(row[4])


@each("withdrawal_share")
def test_a_withdrawal_gives_back_what_withdrawal_md_says(row: Row) -> None:
    assert withdrawals.share(*(int(cell) for cell in row[:4])) == int(row[4])


@each("withdrawal_states")
def test_a_withdrawal_moves_as_withdrawal_md_says(row: Row) -> None:
    assert sorted(handling.MOVES[row[0]]) == row[1].split()


@each("charges_vat")
def test_who_asks_vat_is_as_vat_md_says(row: Row) -> None:
    assert tax.charges_vat({"regime": "" if row[0] == "–" else row[0]}) == (row[1] == "yes")


@each("unit_net")
def test_a_lines_net_price_is_as_documents_md_says(row: Row) -> None:
    pieces, price, discount, net = ints(" ".join(row[:4]))
    line = Line("goods", "", pieces, price, discount, net, pieces * price - discount - net, row[4])
    assert xml.unit_price(line, "EUR") == (Decimal(row[5]), Decimal(row[6]))


@each("credited_vat")
def test_a_credit_notes_vat_is_as_documents_md_says(row: Row) -> None:
    (gross, vat), (before_gross, before_vat) = ints(row[0]), ints(row[2])
    total = Total(row[1], gross - vat, vat)
    assert building.credited_vat(total, (before_gross, before_vat), int(row[3])) == int(row[4])


@each("buyers")
def test_a_buyer_is_named_as_documents_md_says(row: Row) -> None:
    country, kind, number, code, pec, *expected = ["" if cell == "–" else cell for cell in row]
    buyer = Party("", country, vat_number=number, code=code, pec=pec, is_company=kind == "company")
    shown = parties.addressed(buyer)
    assert [shown.code, shown.pec, shown.vat_number] == expected[:3]


@each("refund_steps")
def test_a_line_goes_back_in_steps_as_refunds_md_says(row: Row) -> None:
    gross, vat, fee, of_shop = ints(row[0])
    line = refund_plan.LineFacts(1, 1, gross, Decimal(10), vat, fee, of_shop)
    steps = []
    for amount in ints(row[1]):
        order = refund_plan.OrderFacts(1, 1, [line])
        part = refund_plan.part(order, refund_plan.Wanted(1, [refund_plan.Claim(1, 0, amount)]))
        steps.append((part.lines[0].vat_minor, part.fee_minor, part.shop_funded_minor, part.producer_minor))
        line = dataclasses.replace(line, refunded_minor=line.refunded_minor + amount)
    assert [list(column) for column in zip(*steps, strict=True)] == [ints(cell) for cell in row[2:6]]


@each("refund_split")
def test_money_goes_where_refunds_md_says(row: Row) -> None:
    paid = refund_plan.Paid(*ints(row[0]), *ints(row[1]))
    try:
        split = refund_plan.split(paid, int(row[2]), row[3], card_first=row[4] == "yes")
    except Refused:
        assert row[5] == "refused"
    else:
        assert [split.card_minor, split.credit_minor, split.wallet_minor] == ints(row[5])


@each("recoveries")
def test_a_producers_part_comes_back_as_transfers_md_says(row: Row) -> None:
    part, withheld, taken = ints(row[0])
    transfer = Transfer(amount_minor=part, withheld_minor=withheld, reversed_minor=taken, state=row[1], stripe_id="tr")
    back = Recovery(amount_minor=int(row[2]), withheld_minor=0, reversed_minor=0, netted_minor=0, asked_minor=0)
    recoveries.step(back, transfer, asked_by_others=0)
    owed = back.left_minor if back.state == "owed" else 0
    assert [back.withheld_minor, back.asked_minor, owed] == ints(" ".join(row[3:6]))
    assert transfer.withheld_minor == withheld + back.withheld_minor


@each("open_until")
def test_until_when_an_order_is_open(row: Row) -> None:
    state, leaves, hours, barred, at, until = row
    rome = ZoneInfo("Europe/Rome")
    facts = opening.OrderFacts(
        state,
        is_paid=state != "awaiting_payment",
        leaves=None if leaves == "fetched" else date.fromisoformat(leaves),
        hours=None if hours == "until confirmed" else int(hours),
        is_barred=barred == "yes",
    )
    found = opening.open_until(facts, datetime.fromisoformat(at).replace(tzinfo=rome), "Europe/Rome")
    said = "—" if found is None else "confirmed"
    if found is not None and found.until is not None:
        said = found.until.astimezone(rome).strftime("%Y-%m-%dT%H:%M")
    assert said == until


@each("addition_paid")
def test_an_addition_travels_while_its_order_waits(row: Row) -> None:
    state, then = row
    assert (state in parcels.JOINABLE) == (then == "travels")
