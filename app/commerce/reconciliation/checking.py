"""The proofs of `tavola ledger verify` over one shop's books, kept for staff to see."""

import structlog

from app.commerce.payments import verify
from app.commerce.reconciliation.models import LedgerCheck
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.tenancy import ShopFacts

log = structlog.get_logger()
MOST = 200  # sentences kept


async def check(database: Database, shop: ShopFacts) -> LedgerCheck:
    """Prove the shop's books and keep what was found."""
    report = await verify.check(database, shop.id)
    kept = LedgerCheck(at=clock.now(), journals=report.journals, findings=report.findings[:MOST])
    async with database.session(shop.id) as db, transaction(db):
        db.add(kept)
    if report.findings:
        log.error("ledger.does_not_add_up", shop=shop.slug, findings=len(report.findings))
    return kept
