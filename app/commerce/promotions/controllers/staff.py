"""What only staff have: groups of customers, and the trial that says why a promotion does not apply."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, get, post

from app.commerce.promotions import editing, forms, queries, trying
from app.commerce.promotions.forms import GroupForm, TrialForm
from app.commerce.promotions.trying import Trial
from app.identity import addresses
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.i18n import gettext as _
from app.kernel.i18n import ngettext
from app.web import access, desk
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
BASE = "/amministrazione/promozioni"
ROWS = 4  # of a trial's basket


@get(f"{BASE}/prova", access=access.staff, name="promotions.trial.show")
async def show_trial(visit: CurrentVisit, request: AnyRequest) -> Page:
    sent = request.query_params
    form = TrialForm.read(_lists(sent)) if sent.get("prova") else TrialForm.blank()
    result = None
    if form.data and not form.data.variant:
        form.refused(_("Scegli almeno un prodotto."), "variant")
    elif form.data:
        numbers = [*form.data.pieces, *[1] * ROWS]
        trial = Trial(
            [(id_, min(99, max(1, number))) for id_, number in zip(form.data.variant, numbers, strict=False)],
            form.data.email or "",
            form.data.cap,
            form.data.code,
            forms.moment(form.data.moment, visit.shop.time_zone) or clock.now(),
        )
        result = await trying.tried(visit.db, visit.shop, trial)
    return Page(
        "promotions/trial.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        base=BASE,
        form=form,
        result=result,
        rows=_rows(form),
        variants=(await queries.choices(visit.db, None)).variants,
        currency=visit.shop.currency,
    )


@get(f"{BASE}/gruppi", access=access.staff, name="promotions.groups.list")
async def show_groups(visit: CurrentVisit) -> Page:
    return await _groups(visit, GroupForm.blank())


@post(f"{BASE}/gruppi", access=access.staff, name="promotions.group.save")
async def save_group(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """A group by its name: new, or its addresses anew."""
    form = GroupForm.read(await request.form())
    emails: list[str] = []
    for line in filter(None, map(str.strip, form.data.emails.splitlines() if form.data else [])):
        try:
            emails.append(addresses.email(line))
        except ValueError:
            form.refused(_("Questa riga non è un indirizzo e-mail: %(line)s", line=line), "emails")
            break
    if form.errors or form.data is None:
        return await _groups(visit, form)
    async with transaction(visit.db):
        await editing.save_group(visit.db, visit.who, form.data.group_name, emails)
    visit.tell(ngettext("Gruppo salvato: %(num)s cliente.", "Gruppo salvato: %(num)s clienti.", len(emails)))
    return Go(f"{BASE}/gruppi")


ROUTES = [show_trial, show_groups, save_group]


async def _groups(visit: Visit, form: Filled[GroupForm]) -> Page:
    return Page(
        "promotions/groups.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        base=BASE,
        form=form,
        groups=await queries.groups_with_members(visit.db),
    )


def _lists(sent: Any) -> Mapping[str, Any]:
    """The query as a form: rows without a product are left out, with their number."""
    pairs = zip(sent.getall("variant", []), sent.getall("pieces", []), strict=False)
    chosen = [(variant, number) for variant, number in pairs if variant]
    single = {name: sent.get(name, "") for name in ("email", "cap", "code", "moment")}
    return {**single, "variant": [pair[0] for pair in chosen], "pieces": [pair[1] or "1" for pair in chosen]}


def _rows(form: Filled[TrialForm]) -> list[tuple[str, str]]:
    """(variant, pieces) as typed, with empty rows after them."""
    variants, pieces = (form.values.get(name) or [] for name in ("variant", "pieces"))
    typed = list(zip(variants, pieces, strict=False))
    return [*typed, *[("", "1")] * (ROWS - len(typed))]
