"""What a producer is to the tax office: his regime and his numbers, and what is still missing to invoice in his name.

All of it stands in `Producer.legal`. Regimes are those of FatturaPA (`RegimeFiscale`, schema 1.2.3) that makers of food
and of things have, and one of ours for farmers who need not invoice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.errors import NotFound
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.kernel.tenancy import Person
from app.producers.models import Producer
from app.system import audit, page_drops

EXEMPT = "ESONERO"
FACTS = ("company", "vat_number", "tax_code", "regime", "rea", "pec", "sdi")


@dataclass(frozen=True)
class Regime:
    """name: lazily translated. nature: FatturaPA's reason for asking no VAT, "" where it is asked; law: its source."""

    name: object
    nature: str = ""
    law: str = ""

    @property
    def charges_vat(self) -> bool:
        return not self.nature


REGIMES: dict[str, Regime] = {
    "RF01": Regime(_l("Ordinario")),
    "RF04": Regime(_l("Agricoltura e pesca (artt. 34 e 34-bis DPR 633/72)")),
    "RF12": Regime(_l("Agriturismo (art. 5, c. 2, L. 413/91)")),
    "RF02": Regime(_l("Contribuenti minimi"), "N2.2", "Art. 27, c. 1 e 2, DL 98/2011"),
    "RF19": Regime(_l("Forfettario"), "N2.2", "Art. 1, c. 54-89, L. 190/2014"),
    EXEMPT: Regime(_l("Agricoltore esonerato (art. 34, c. 6, DPR 633/72)"), "N2.2", "Art. 34, c. 6, DPR 633/72"),
}


def regime_code(legal: Mapping[str, Any]) -> str:
    """One of REGIMES, or "" where none is known. What is entered may have words after the code."""
    code = str(legal.get("regime") or "").strip().partition(" ")[0].upper()
    return code if code in REGIMES else ""


def charges_vat(legal: Mapping[str, Any]) -> bool:
    """Whether the producer's prices contain VAT. As long as his regime is unknown, they do."""
    code = regime_code(legal)
    return not code or REGIMES[code].charges_vat


def has_oss(legal: Mapping[str, Any], day: date) -> bool:
    """Whether what he sells to consumers in other EU states bears their VAT (OSS, art. 74-sexies DPR 633/72)."""
    since = legal.get("oss_since")
    return since is not None and date.fromisoformat(since) <= day


def missing(producer: Producer) -> list[str]:
    """What keeps us from making invoices in the producer's name, in words; empty when nothing does."""
    legal = producer.legal
    regime = regime_code(legal)
    if regime == EXEMPT:
        return []
    wanted: Sequence[tuple[object, str]] = (
        (legal.get("company"), _("la ragione sociale")),
        (legal.get("vat_number"), _("la partita IVA")),
        (regime, _("il regime fiscale")),
        (producer.street and producer.postal_code and producer.city and producer.province, _("l’indirizzo della sede")),
        (legal.get("invoice_mandate"), _("l’incarico a emettere le fatture")),
    )
    return [what for there, what in wanted if not there]


async def record(
    db: AsyncSession,
    person: Person,
    producer_id: int,
    facts: Mapping[str, str],
    *,
    mandate: bool,
    oss: bool,
    today: date,
) -> None:
    """Write FACTS, whether the shop may invoice in his name, and whether he has OSS. Within a transaction.

    mandate: the written order of art. 21, c. 2, lett. n DPR 633/72. Of both the day on which it was said is kept.
    Raises NotFound.
    """
    producer = await db.scalar(select(Producer).where(Producer.id == producer_id).with_for_update(key_share=True))
    if producer is None:
        raise NotFound
    before = {name: producer.legal.get(name) for name in (*FACTS, "invoice_mandate", "oss_since")}
    given = (before["invoice_mandate"] or today.isoformat()) if mandate else None
    since = (before["oss_since"] or today.isoformat()) if oss else None
    after = {**{name: facts[name] for name in FACTS}, "invoice_mandate": given, "oss_since": since}
    if after == before:
        return
    producer.legal = {**producer.legal, **after}
    audit.by(db, person, "producer.tax", ("producer", producer_id), before, after)
    await page_drops.drop(db, "producers")  # company and VAT number stand on its products
