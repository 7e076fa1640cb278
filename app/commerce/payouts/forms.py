"""What of his money a producer asks to see."""

from datetime import date

from app.web.forms import Form


class PeriodForm(Form):
    """From the address: names as they stand there. al: its day included."""

    dal: date | None = None
    al: date | None = None
