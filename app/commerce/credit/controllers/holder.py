"""For whoever has a code: what is on the card, and into the wallet with it."""

from typing import Any

from litestar import Request, get, post

from app.commerce.credit import cards, queries, terms, views
from app.commerce.credit.forms import CodeForm
from app.kernel import formats
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.web import access
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]


@get("/buono", access=access.anyone, name="credit.card.show")
async def show_card(visit: CurrentVisit) -> Page:
    return _page(visit, CodeForm.blank())


@post("/buono", access=access.anyone, limit="careful", name="credit.card.check")
async def check_card(visit: CurrentVisit, request: AnyRequest) -> Page:
    """Limited, since a code is a secret. The answer is not a redirect: a code has no place in an address."""
    form = CodeForm.read(await request.form())
    if form.data is None:
        return _page(visit, form, status_code=422)
    try:
        card = await cards.by_code(visit.db, form.data.code)
    except Refused as no:
        return _page(visit, form.refused(no.message, no.field), status_code=422)
    usable = await queries.usable(visit.db, [card.id])
    amount, ending = usable.get(card.id, (0, None))
    found = {
        "last4": card.last4,
        "amount_minor": amount,
        "is_over": amount == 0 and card.balance_minor > 0,
        "is_repaid": amount == 0 and await queries.was_repaid(visit.db, card.id),
        "last_day": views.last_day(ending.expires_at) if ending else None,
    }
    return _page(visit, form, found=found)


@post("/buono/riscatto", access=access.signed_in, limit="careful", name="credit.card.redeem")
async def redeem_card(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = CodeForm.read(await request.form())
    if form.data is None or visit.person is None:
        return _page(visit, form, status_code=422)
    try:
        async with transaction(visit.db):
            moved = await cards.move_to_wallet(visit.db, form.data.code, visit.person.id)
    except Refused as no:
        return _page(visit, form.refused(no.message, no.field), status_code=422)
    visit.tell(
        _(
            "Fatto: %(amount)s in più nel tuo credito.",
            amount=formats.money(moved, visit.shop.currency, current_locale()),
        )
    )
    return Go("/profilo/credito")


ROUTES = [show_card, check_card, redeem_card]


def _page(visit: Visit, form: Filled[CodeForm], *, found: dict[str, Any] | None = None, status_code: int = 200) -> Page:
    return Page(
        "credit/card.html",
        status_code=status_code,
        private=True,
        form=form,
        found=found,
        sells=terms.of(visit.shop).cards,
    )
