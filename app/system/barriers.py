"""Whoever a page stands in the way of says so, and the shop hears of it by mail (law.md L43)."""

import hashlib

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.i18n import SOURCE_LOCALE
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.settings import Settings
from app.system import mail
from app.system.forms import BarrierForm
from app.web.addresses import address
from app.web.pages import writing


async def report(db: AsyncSession, shop: ShopFacts, settings: Settings, said: BarrierForm) -> None:
    """Write to the shop's own address. The same words on the same day, pressed twice, are one mail."""
    today = clock.today(shop.time_zone)
    mark = hashlib.sha256(said.model_dump_json().encode()).hexdigest()[:40]
    with writing(shop, SOURCE_LOCALE):
        sentences = [
            _("Una pagina ostacola qualcuno. Rispondi in pochi giorni lavorativi e, intanto, aiuta a ordinare."),
            *([_("Dove: %(where)s", where=said.where)] if said.where else []),
            *said.what.split("\n"),
            _("Da: %(name)s", name=" · ".join(filter(None, (said.name, said.email))) or _("non l’ha detto")),
        ]
        await mail.write_page(
            db, shop, "sentences",
            kind="system.barrier",
            reference=f"{today}:{mark}",
            recipient=shop.legal.email,
            locale=SOURCE_LOCALE,
            subject=_("Segnalazione di accessibilità"),
            sentences=[sentence for sentence in sentences if sentence.strip()],
            link=address(settings, shop, "/accessibilita", SOURCE_LOCALE),
            button=_("La nostra pagina sull’accessibilità"),
        )  # fmt: skip
