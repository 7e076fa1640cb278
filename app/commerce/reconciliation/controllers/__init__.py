"""Pages of staff about the books."""

from app.commerce.reconciliation.controllers import events, findings, ledger, reports

ROUTES = [*reports.ROUTES, *findings.ROUTES, *ledger.ROUTES, *events.ROUTES]
