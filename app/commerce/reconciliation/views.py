"""The ledger as a table for a spreadsheet."""

from collections.abc import Sequence

from app.commerce.reconciliation.queries import EntryRow
from app.kernel.i18n import gettext as _
from app.web import tables


def ledger_table(rows: Sequence[EntryRow]) -> bytes:
    heads = [
        _("Riga"), _("Data"), _("Che cosa"), _("Riferimento"), _("Conto"), _("Produttore"), _("Ordine"),
        _("Importo"), _("Saldo"), _("Valuta"),
    ]  # fmt: skip
    return tables.table(
        heads,
        (
            [
                row.id,
                row.at.isoformat(timespec="seconds"),
                row.kind,
                row.reference,
                row.account,
                row.producer or "",
                row.group or "",
                tables.amount(row.amount_minor, row.currency),
                tables.amount(row.balance_minor, row.currency),
                row.currency,
            ]
            for row in rows
        ),
    )
