"""What of the ledger somebody asks to see."""

from datetime import date

from app.web.forms import Form


class LedgerForm(Form):
    """From the address: names as they stand there. al: its day included."""

    conto: str = ""
    produttore: int | None = None
    ordine: str = ""
    dal: date | None = None
    al: date | None = None
