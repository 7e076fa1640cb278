"""Pages of staff about the books."""

from app.commerce.reconciliation.controllers import events, ledger, reports

ROUTES = [*reports.ROUTES, *ledger.ROUTES, *events.ROUTES]
