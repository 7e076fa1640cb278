"""What background jobs are about, by the beginning of their names, for whoever looks at those that stopped."""

from app.kernel.i18n import lazy_gettext as _l

KINDS = {
    "cart": _l("Carrelli"),
    "catalog": _l("Catalogo e magazzino"),
    "credit": _l("Credito, buoni e punti"),
    "deposits": _l("Acconti"),
    "disputes": _l("Contestazioni"),
    "documents": _l("Documenti"),
    "engagement": _l("Preferiti e avvisi"),
    "identity": _l("Profili"),
    "mail": _l("Posta"),
    "orders": _l("Ordini"),
    "overdue": _l("Ritardi"),
    "payments": _l("Pagamenti e trasferimenti"),
    "payouts": _l("Versamenti"),
    "pricing": _l("Prezzi"),
    "promotions": _l("Promozioni"),
    "push": _l("Notifiche del browser"),
    "recommendations": _l("Consigli"),
    "reconciliation": _l("Confronto con Stripe"),
    "refunds": _l("Rimborsi"),
    "reviews": _l("Recensioni"),
    "rules": _l("Prezzi"),
    "system": _l("Manutenzione"),
    "views": _l("Pagine viste"),
    "weighing": _l("Pesi e addebiti"),
    "withdrawals": _l("Recessi"),
}


def kind(name: str) -> str:
    """name: of a job, "refunds.send"; shown as it is where we have no word for it."""
    return str(KINDS.get(name.partition(".")[0], name))
