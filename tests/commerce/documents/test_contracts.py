"""The contract is kept as it was agreed: nothing that changes later changes what the buyer has in his hands."""

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.documents import confirming
from app.commerce.documents.sheets import Sheet
from app.commerce.orders import contracts
from app.commerce.orders.models import Contract, ContractText, OrderGroup, OrderLine
from app.integrations import mail as smtp
from app.kernel.db import transaction
from app.shops.models import Shop
from app.shops.queries import shop_by_id
from app.system import mail, pages
from tests.cast import Browser, TestShop
from tests.commerce import sold
from tests.commerce.deposits.props import order_piece, sell_with_deposit
from tests.commerce.sold import mails
from tests.commerce.weighing.props import Bought, buy, sell_by_weight
from tests.stripe import Stripe

PDF = b"%PDF-"


async def kept(shop: TestShop) -> tuple[list[ContractText], list[Contract]]:
    async with shop.database.session(shop.id) as db:
        return (
            list(await db.scalars(select(ContractText).order_by(ContractText.id))),
            list(await db.scalars(select(Contract).order_by(Contract.id))),
        )


async def everything_changes(shop: TestShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop moves, the conditions of sale are written anew, and what was sold is called otherwise."""
    async with shop.database.session(None) as db, transaction(db):
        row = await db.get_one(Shop, shop.id)
        row.legal = {**row.legal, "company": "Altra srl", "address": "Via Nuova 9, 40100 Bologna (BO)"}
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(OrderLine).values(snapshot={"name": {"it": "Altro"}}))
        await db.execute(update(OrderGroup).values(street="Via Cambiata 8", total_minor=OrderGroup.total_minor))
    old = pages.plain
    monkeypatch.setattr(pages, "plain", lambda *about: (old(*about)[0], old(*about)[1], [("Nuove", ["Altre regole."])]))


async def file_of(shop: TestShop, group_id: int) -> bytes:
    async with shop.database.session(None) as db:
        facts = await shop_by_id(db, shop.id)
    assert facts is not None
    async with shop.database.session(shop.id) as db:
        return (await confirming.file(db, facts, group_id)).body


def words_on_paper(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written on sheets from now on."""
    said: list[str] = []
    write = Sheet._say

    def noted(self: Sheet, kind: str, text: str, *rest: Any, **how: Any) -> None:
        said.append(text)
        write(self, kind, text, *rest, **how)

    monkeypatch.setattr(Sheet, "_say", noted)
    return said


async def test_an_order_by_weight_has_its_contract_before_it_is_charged_and_keeps_it(
    shop: TestShop, anna: Browser, stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sell_by_weight(shop)
    bought = await buy(anna, shop, stripe, "formaggio", "olio")
    assert (await bought.group()).paid_at is None
    link = f"/ordini/{bought.number}/conferma.pdf?chiave={bought.key}"
    page = await anna.get(bought.link)
    assert [each.attributes["href"] for each in page.all("a[href*='conferma.pdf']")] == [link]
    before = await anna.client.get(link)
    assert before.content.startswith(PDF)

    await everything_changes(shop, monkeypatch)
    said = words_on_paper(monkeypatch)
    after = await file_of(shop, bought.id)

    assert after == before.content
    ((text,), (contract,)) = await kept(shop)
    assert contract.text_id == text.id
    assert text.body["operator"][2:4] == ["P. IVA 99999019997", "REA FC-900000"]
    assert any(contract.sha256 in each for each in said)
    everything = "\n".join(said)
    for sentence in (
        "Hai 14 giorni per ripensarci",
        "Condizioni di vendita, versione del",
        "concludi un contratto con ciascun produttore",
        "Frantoio Olivi s.a.",
        "99999019997",
    ):
        assert sentence in everything, sentence
    assert "Altre regole" not in everything
    assert "](" not in everything, "no mark-up"


async def test_the_hash_is_of_what_is_kept(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await buy(anna, shop, stripe, "olio")
    ((text,), (contract,)) = await kept(shop)

    assert text.sha256 == contracts.fingerprint(text.body)
    assert contract.sha256 == contracts.fingerprint({"text": text.sha256, "ordered": contract.ordered})
    assert contract.sha256 != contracts.fingerprint({"text": text.sha256, "ordered": {**contract.ordered, "note": "x"}})


async def test_orders_under_the_same_words_share_one_text(
    shop: TestShop, anna: Browser, stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    await buy(anna, shop, stripe, "olio")
    await buy(anna, shop, stripe, "olio")
    await everything_changes(shop, monkeypatch)
    await buy(anna, shop, stripe, "olio")

    texts, made = await kept(shop)
    assert [contract.text_id for contract in made] == [texts[0].id, texts[0].id, texts[1].id]
    assert len({contract.sha256 for contract in made}) == 3


async def test_the_mail_and_the_sheet_of_a_deposit_say_what_was_agreed(
    shop: TestShop, anna: Browser, stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sell_with_deposit(shop)
    ordered = await order_piece(anna, shop, stripe)
    (confirmed,) = await mails(shop, "order.confirmation")
    assert "Condizioni di vendita, versione del" in confirmed.text
    assert "Condizioni di vendita, versione del" in confirmed.html

    assert (await ordered.group()).paid_at is None
    assert (await anna.client.get(f"/ordini/{ordered.number}/conferma.pdf?chiave={ordered.key}")).status_code == 200
    assert confirmed.attachment == f"contract:{ordered.id}"


async def test_the_mail_carries_the_contract(
    shop: TestShop, anna: Browser, stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought: Bought = await buy(anna, shop, stripe, "olio")
    (confirmed,) = await mails(shop, "order.confirmation")
    async with shop.database.session(shop.id) as db:
        attached = await _attached(shop, db, confirmed)

    message = smtp.compose(
        sender="negozio@tavola.example", sender_name="Tavola", recipient=confirmed.recipient,
        subject=confirmed.subject, text=confirmed.text, html=confirmed.html, attachment=attached,
    )  # fmt: skip

    (part,) = list(message.iter_attachments())
    assert (part.get_content_type(), part.get_filename()) == ("application/pdf", f"{bought.number}.pdf")
    assert part.get_content() == await file_of(shop, bought.id)
    assert message.get_body(("plain",)) is not None


async def _attached(shop: TestShop, db: AsyncSession, row: Any) -> Any:
    async with shop.database.session(None) as platform:
        facts = await shop_by_id(platform, shop.id)
    assert facts is not None
    return await mail._attached(db, facts, row)


async def test_an_order_from_before_contracts_were_kept_has_its_confirmation_without_a_hash(
    shop: TestShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = await sold.sell(shop)
    said = words_on_paper(monkeypatch)

    assert (await file_of(shop, placed.id)).startswith(PDF)
    assert not any("SHA-256" in each for each in said)


async def test_a_contract_kept_by_an_older_version_can_still_be_read() -> None:
    """Fields that these views have got since then are missing in it, and it may have some that they no longer have."""
    older = {
        "id": 1,
        "number": "TP-1",
        "state": "",
        "title": "",
        "next": "",
        "currency": "EUR",
        "paid_at": None,
        "placed_at": "2026-11-21T10:00:00Z",
        "email": "a@b.example",
        "name": "Anna",
        "phone": "",
        "address": [],
        "note": "",
        "invoice": [["PEC", "x"]],
        "goods_minor": 100,
        "delivery_minor": 0,
        "total_minor": 100,
        "vat": [{"rate": "4", "net_minor": 96, "vat_minor": 4}],
        "parcels": [],
        "gone": True,
        "deposit": {
            "stage": "due",
            "deposit_minor": 10,
            "balance_minor": 90,
            "currency": "EUR",
            "asked_at": None,
        },
    }

    read = contracts._ordered.validate_python(older)

    assert read.vat[0].vat_minor == 4
    assert read.deposit is not None
    assert read.deposit.balance_minor == 90
