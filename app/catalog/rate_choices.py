"""The classes of VAT among which an editor chooses, as the catalogue names them, and what they bear today."""

from collections.abc import Sequence
from decimal import Decimal

from app.catalog.editor_forms import RATES
from app.catalog.products import TIME_ZONE
from app.kernel import clock, formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.producers.vat.classes import CLASSES
from app.producers.vat.rates import Rates


def choices(rates: Rates) -> Sequence[tuple[str, str]]:
    named = {str(each.written): str(each.name) for each in CLASSES.values()}
    return [
        (written, f"{formats.percent(today(rates, written), current_locale())} – {named.get(written, _('senza IVA'))}")
        for written in RATES
    ]


def today(rates: Rates, written: str) -> Decimal:
    """What goods of a class bear in the shop's country, percent."""
    return rates.of(Decimal(written), rates.home, clock.today(TIME_ZONE))
