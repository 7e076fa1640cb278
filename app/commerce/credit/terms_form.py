"""The form in which an admin says the shop's terms of stored value."""

import re
from typing import Annotated

from pydantic import Field, StringConstraints

from app.commerce.credit.terms import LEAST_BY_CARD, LEAST_MONTHS, MOST_MONTHS, MOST_UNITS, PointTerms, Terms
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.money import exponent, parse_amount
from app.web.forms import Filled, Form

MOST_AMOUNTS = 6
Months = Annotated[int, Field(ge=LEAST_MONTHS, le=MOST_MONTHS)]
Amount = Annotated[str, StringConstraints(max_length=20)]
POINTS_AT_FIRST = PointTerms(every_minor=100, value_minor=1, months=24, on=False)


class TermsForm(Form):
    """Amounts are typed as people write them. credit_months: none for ever. points: whether there are any.

    amounts: those that buyers pick from, with spaces between them; none means that they write one.
    """

    cards: bool = False
    card_months: Months
    topup: bool = False
    credit_months: Months | None = None
    least: Annotated[Amount, StringConstraints(min_length=1)]
    most: Annotated[Amount, StringConstraints(min_length=1)]
    amounts: Annotated[str, StringConstraints(max_length=120)] = ""
    points: bool = False
    every: Amount = ""
    value: Amount = ""
    points_months: Months | None = None


def filled(terms: Terms, currency: str) -> Filled[TermsForm]:
    """The form as the terms are now."""
    points = terms.collecting or POINTS_AT_FIRST
    return TermsForm.blank(
        cards="1" if terms.cards else "",
        card_months=str(terms.card_months),
        topup="1" if terms.topup else "",
        credit_months=str(terms.credit_months or ""),
        least=typed(terms.least_minor, currency),
        most=typed(terms.most_minor, currency),
        amounts=" ".join(typed(amount, currency) for amount in terms.amounts),
        points="1" if points.on else "",
        every=typed(points.every_minor, currency),
        value=typed(points.value_minor, currency),
        points_months=str(points.months),
    )


def judged(form: Filled[TermsForm], currency: str) -> Terms | None:
    """The terms that a form asks for. None when something in it cannot be: every mistake stands beside its field."""
    least, most = _amount(form, "least", currency), _amount(form, "most", currency)
    amounts = _amounts(form, currency)
    if least is not None and most is not None:
        _check_bounds(form, least, most, amounts or (), currency)
    points = _points(form, currency) if form.chosen("points", "1") else _points_off(form, currency)
    said = form.data
    if said is None or form.errors or least is None or most is None or amounts is None:
        return None
    return Terms(
        cards=said.cards,
        topup=said.topup,
        card_months=said.card_months,
        credit_months=said.credit_months,
        amounts=amounts,
        least_minor=least,
        most_minor=most,
        collecting=points,
    )


def typed(minor: int, currency: str) -> str:
    """An amount as it is typed into a field: "12,50", "25"."""
    decimals = exponent(currency)
    whole, rest = divmod(minor, 10**decimals)
    return f"{whole},{rest:0{decimals}d}" if rest else str(whole)


def _amount(form: Filled[TermsForm], name: str, currency: str) -> int | None:
    """None for what is no amount, which is noted."""
    if name in form.errors:
        return None
    try:
        return parse_amount(form.value(name), currency)
    except ValueError as wrong:
        form.refused(str(wrong), name)
        return None


def _amounts(form: Filled[TermsForm], currency: str) -> tuple[int, ...] | None:
    """Each once, the smallest first."""
    if "amounts" in form.errors:
        return None
    words = [word for word in re.split(r"[\s;/]+|,(?=\s)", form.value("amounts")) if word and word != "€"]
    if len(words) > MOST_AMOUNTS:
        form.refused(_("Al massimo %(most)s importi.", most=MOST_AMOUNTS), "amounts")
        return None
    try:
        return tuple(sorted({parse_amount(word.rstrip(","), currency) for word in words}))
    except ValueError as wrong:
        form.refused(str(wrong), "amounts")
        return None


def _check_bounds(form: Filled[TermsForm], least: int, most: int, amounts: tuple[int, ...], currency: str) -> None:
    floor, ceiling = LEAST_BY_CARD[currency], MOST_UNITS * 10 ** exponent(currency)
    if least < floor:
        form.refused(_("Con la carta si pagano almeno %(least)s.", least=_money(floor, currency)), "least")
    elif most < least:
        form.refused(_("Il massimo non può essere sotto il minimo."), "most")
    elif most > ceiling:
        form.refused(_("Al massimo %(most)s.", most=_money(ceiling, currency)), "most")
    elif any(not least <= amount <= most for amount in amounts):
        bounds = {"least": _money(least, currency), "most": _money(most, currency)}
        form.refused(_("Ogni importo sta fra il minimo e il massimo: da %(least)s a %(most)s.", **bounds), "amounts")


def _points(form: Filled[TermsForm], currency: str) -> PointTerms | None:
    every, value = _amount(form, "every", currency), _amount(form, "value", currency)
    for name, minor in (("every", every), ("value", value)):
        if minor == 0:
            form.refused(_("Scrivi un importo diverso da zero"), name)
    if every and value and value > every:
        form.refused(_("Un punto non può valere più di quello che si spende per averlo."), "value")
    months = form.value("points_months").strip()
    if not months:
        form.refused(_("Scrivi per quanti mesi valgono i punti"), "points_months")
    return None if form.errors else PointTerms(every or 0, value or 0, int(months))


def _points_off(form: Filled[TermsForm], currency: str) -> PointTerms | None:
    """The numbers are kept for the day they are switched on; what cannot be is forgotten."""
    try:
        every, value = (parse_amount(form.value(name), currency) for name in ("every", "value"))
    except ValueError:
        return None
    months = form.data.points_months if form.data else None
    return PointTerms(every, value, months, on=False) if months and 0 < value <= every else None


def _money(minor: int, currency: str) -> str:
    return formats.money(minor, currency, current_locale())
