"""Deeds about banks that contest bought credit."""

from app.commerce.credit.models import CreditPurchase
from tests.commerce.deeds_of_changes import DeedsOfChanges


class DeedsOfCredit(DeedsOfChanges):
    """All deeds: those of deeds_of_changes.py and all before it, and these."""

    async def contest_credit(self, which: int, share: int | None, inquiry: bool) -> None:
        """How it ends is as of any dispute: `decide`."""
        bought = await self.one_of(which, CreditPurchase, CreditPurchase.charge_id.is_not(None))
        part = {} if share is None else {"amount": max(1, bought.amount_minor * share // 100)}
        await self.press("disputes", session=bought.session_id, inquiry=inquiry, **part)
