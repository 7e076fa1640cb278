"""The editor's page: its sections, each a form of its own, and what is typed into them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, get_args

from markupsafe import Markup

from app.catalog import (
    earnings,
    editing,
    editor_forms,
    editor_queries,
    gate,
    judging,
    packaging,
    proofs,
    rate_choices,
    seasons,
)
from app.catalog.classes import CLASSES
from app.catalog.designations import EUROPEAN
from app.catalog.editing import Make
from app.catalog.editor_forms import AskForm, PublishForm, SaleForm, VariantForm
from app.catalog.editor_queries import Editor
from app.catalog.facets import CERTIFICATIONS
from app.catalog.models import Product
from app.catalog.packaging import CODES, MOST_PARTS, PARTS
from app.catalog.particulars import NUTRIENTS, PARTICULARS
from app.catalog.products import TIME_ZONE
from app.catalog.sections import Place
from app.catalog.tagging import of, retagged
from app.catalog.waiting import numbers as waiting_for
from app.kernel import clock
from app.kernel.i18n import gettext as _
from app.kernel.i18n import ngettext
from app.kernel.tenancy import in_language
from app.producers.vat import modes
from app.shops.rules import FEE_BASE
from app.web import desk
from app.web.forms import Filled, Form
from app.web.pages import Page
from app.web.visit import Visit

EMPTY: Mapping[str, Markup] = dict.fromkeys(get_args(Place), Markup())


@dataclass(frozen=True)
class Section:
    """form: its fields. values: the product as the inputs show it. facts: columns, from a well-formed form."""

    form: Callable[[Visit, Editor], type[Form]]
    values: Callable[[Visit, Editor], Mapping[str, Any]]
    facts: Callable[[Visit, Filled[Form], Product, Editor], dict[str, Any]]


@dataclass
class Typed:
    """What was typed and could not be saved. variants: by id, 0 is the new one. fresh: made from an older state."""

    sections: Mapping[str, Filled[Form]] = field(default_factory=dict)
    variants: Mapping[int, Filled[VariantForm]] = field(default_factory=dict)
    publish: Filled[PublishForm] | None = None
    ask: Filled[AskForm] | None = None
    said: str = ""
    fresh: str = ""

    @property
    def told(self) -> str:
        """What the polite voice says after a swap: what was done, or that something is to be mended."""
        wrong = len(self.summary)
        if not wrong:
            return self.said
        return ngettext(
            "Non salvato: c’è %(num)s cosa da correggere", "Non salvato: ci sono %(num)s cose da correggere", wrong
        )

    @property
    def summary(self) -> list[tuple[str, str]]:
        """(id of the input, sentence) of every mistake."""
        forms: list[Any] = [*self.sections.values(), *(form for form in (self.publish, self.ask) if form)]
        rows = [
            (f"{name}-{id_}" if id_ else name, said)
            for id_, form in self.variants.items()
            for name, said in form.summary
        ]
        return [*(mistake for form in forms for mistake in form.summary), *rows]


def _texts_values(visit: Visit, shown: Editor) -> dict[str, Any]:
    product = shown.product
    return {
        f"{name}_{locale}": getattr(product, name).get(locale, "")
        for locale in visit.locales
        for name in ("name", "description")
    }


def _texts_facts(visit: Visit, form: Filled[Form], product: Product, _shown: Editor) -> dict[str, Any]:
    names = ("name", "description")
    return {name: editor_forms.texts(form.data, name, visit.locales, getattr(product, name)) for name in names}


def _seo_values(visit: Visit, shown: Editor) -> dict[str, Any]:
    seo = shown.product.seo
    return {
        f"seo_{part}_{locale}": (seo.get(part) or {}).get(locale, "")
        for part in ("title", "description")
        for locale in visit.locales
    }


def _seo_facts(visit: Visit, form: Filled[Form], product: Product, _shown: Editor) -> dict[str, Any]:
    parts = ("title", "description")
    written = {
        part: editor_forms.texts(form.data, f"seo_{part}", visit.locales, product.seo.get(part) or {}) for part in parts
    }
    return {"seo": {part: texts for part, texts in written.items() if texts}}


def _sale_values(_visit: Visit, shown: Editor) -> dict[str, Any]:
    product = shown.product
    meant = product.food.get("designation_name") or ""
    mark = product.designation or ""
    if mark in EUROPEAN:
        found = [value for value, _label in shown.marks if value.startswith(f"{mark}|")]
        exact = f"{mark}|{meant}"
        mark = exact if meant or not found else found[0]
    return {
        "category_id": str(product.category_id),
        "product_class": product.product_class or "",
        "designation": mark,
        "certifications": list(product.certifications),
        "tags": [tag.slug for tag in of(product.tag_mask, shown.tags)],
        "months": [str(month) for month in range(1, 13) if product.season_mask & seasons.bit(month)],
        "deposit_percent": "" if product.deposit_percent is None else str(product.deposit_percent),
        "making_days": "" if product.making_days is None else str(product.making_days),
        "is_featured": "1" if product.is_featured else "",
    }


def _sale_facts(visit: Visit, form: Filled[Form], product: Product, shown: Editor) -> dict[str, Any]:
    """Only staff set what is featured. A mark with a name is one of the producer's certificates. Hidden tags stay."""
    data: Any = form.data
    if str(data.category_id) not in {id_ for id_, _name in shown.categories}:
        form.refused(_("Scegli una delle voci proposte"), "category_id")
    if data.product_class and data.product_class not in CLASSES:
        form.refused(_("Scegli una delle voci proposte"), "product_class")
    if any(not 1 <= month <= 12 for month in data.months):
        form.refused(_("Scegli una delle voci proposte"), "months")
    if not {tag.slug for tag in shown.tags} >= set(data.tags):
        form.refused(_("Scegli una delle voci proposte"), "tags")
    mark, _bar, name = data.designation.partition("|")
    allowed = {"", "PAT", _sale_values(visit, shown)["designation"], *(value for value, _label in shown.marks)}
    if data.designation not in allowed:
        form.refused(_("Scegli una delle voci proposte"), "designation")
    if data.deposit_percent is not None and any(row.facts["by_weight"] for row in shown.variants):
        said = _("Un prodotto a peso non può avere un acconto: il prezzo si sa solo dopo la pesata.")
        form.refused(said, "deposit_percent")
    if data.deposit_percent is not None and visit.shop.prices_are_net:
        form.refused(modes.no_deposits(), "deposit_percent")
    if data.making_days is not None and data.deposit_percent is None:
        form.refused(_("I giorni si promettono per un pezzo con acconto: scrivi anche l’acconto."), "making_days")
    food = {key: value for key, value in product.food.items() if key != "designation_name"}
    facts = {
        "category_id": data.category_id,
        "product_class": data.product_class or None,
        "designation": mark or None,
        "food": {**food, "designation_name": name} if name else food,
        "certifications": [key for key in CERTIFICATIONS if key in data.certifications],
        "tag_mask": retagged(product.tag_mask, shown.tags, data.tags),
        "season_mask": seasons.mask_of(month for month in data.months if 1 <= month <= 12),
        "deposit_percent": data.deposit_percent,
        "making_days": data.making_days,
    }
    return {**facts, "is_featured": data.is_featured} if visit.is_staffs else facts


def _label_values(visit: Visit, shown: Editor) -> dict[str, Any]:
    product = shown.product
    values = editor_forms.label_values(shown.product_class, {**product.safety, **product.food}, visit.locales)
    return {**values, "withdrawal": values.get("withdrawal") or "standard"}


def _label_facts(visit: Visit, form: Filled[Form], product: Product, shown: Editor) -> dict[str, Any]:
    sheet = {**product.safety, **product.food}
    written = editor_forms.label_facts(shown.product_class, form, sheet, visit.locales)
    return {
        column: {key: value for key, value in {**getattr(product, column), **new}.items() if value is not None}
        for column, new in written.items()
    }


def _packaging_values(_visit: Visit, shown: Editor) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for place, each in enumerate(shown.product.packaging[:MOST_PARTS]):
        values |= {f"part-{place}": each.get("part", ""), f"code-{place}": each.get("code", "")}
    return values


def _packaging_facts(_visit: Visit, form: Filled[Form], _product: Product, _shown: Editor) -> dict[str, Any]:
    kept = []
    for place in range(MOST_PARTS):
        part, code = getattr(form.data, f"part-{place}"), getattr(form.data, f"code-{place}")
        if bool(part) != bool(code):
            form.refused(_("Scegli sia la parte sia il materiale."), f"code-{place}" if part else f"part-{place}")
        elif part:
            kept.append({"part": part, "code": code})
    return {"packaging": kept}


def _proofs_values(_visit: Visit, shown: Editor) -> dict[str, Any]:
    kept = {each.get("claim"): each for each in shown.product.proofs}
    return {
        f"proof_{claim}_{column}": kept.get(claim, {}).get(column, "")
        for claim in proofs.CLAIMS
        for column in proofs.COLUMNS
    }


def _proofs_facts(_visit: Visit, form: Filled[Form], _product: Product, _shown: Editor) -> dict[str, Any]:
    kept = []
    for claim in proofs.CLAIMS:
        said = {column: getattr(form.data, f"proof_{claim}_{column}") for column in proofs.COLUMNS}
        lacking = [column for column in proofs.COLUMNS if not said[column]]
        if lacking and len(lacking) < len(said):
            form.refused(_("Servono tutte e tre: che cosa è provato, chi lo certifica e fino a quando."),
                         f"proof_{claim}_{lacking[0]}")  # fmt: skip
        elif not lacking:
            kept.append({"claim": claim, **said, "until": said["until"].isoformat()})
    return {"proofs": kept}


SECTIONS: Mapping[str, Section] = {
    "testi": Section(lambda visit, _shown: editor_forms.texts_form(visit.locales), _texts_values, _texts_facts),
    "vendita": Section(lambda _visit, _shown: SaleForm, _sale_values, _sale_facts),
    "etichetta": Section(
        lambda visit, shown: editor_forms.label_form(shown.product_class.key, visit.locales),
        _label_values,
        _label_facts,
    ),
    "confezione": Section(
        lambda _visit, _shown: editor_forms.packaging_form(), _packaging_values, _packaging_facts
    ),
    "ricerca": Section(lambda visit, _shown: editor_forms.seo_form(visit.locales), _seo_values, _seo_facts),
    "prove": Section(lambda _visit, _shown: editor_forms.proofs_form(), _proofs_values, _proofs_facts),
}  # fmt: skip


def maker_of(visit: Visit, section: str, form: Filled[Form], shown: Editor) -> Make:
    """How the form's values become columns. Tried once, so that mistakes that only this finds are noted."""

    def make(product: Product) -> Mapping[str, Any]:
        return SECTIONS[section].facts(visit, form, product, shown)

    if form.data:
        make(shown.product)
    return make


async def load(visit: Visit, product_id: int) -> Editor:
    return await editor_queries.editor(visit.db, product_id, visit.owner_id, visit.shop.currency, visit.shop.country)


async def page(visit: Visit, product_id: int, typed: Typed, section: str = "") -> Page:
    """The whole page, or the section that htmx saved with the list of what is missing."""
    shown = await load(visit, product_id)
    forms: dict[str, Filled[Form]] = {}
    for key, each in SECTIONS.items():
        blank = each.form(visit, shown).blank(**each.values(visit, shown))
        forms[key] = typed.sections.get(key, blank)
    return await _drawn(visit, shown, forms, typed, shown.missing, section)


async def tried(visit: Visit, shown: Editor, section: str, form: Filled[Form]) -> Page:
    """The list as it would be with what is typed in one section; nothing is written."""
    missing = shown.missing
    make = maker_of(visit, section, form, shown)
    if form.data and not form.errors:
        columns = {**vars_of(shown.product), **make(shown.product)}
        case = shown.case
        facts = judging.product_facts(_Tried(columns), shown.of_category.key, case.approved, case.product.alts)
        missing = gate.missing(facts, shown.case.variants, shown.case.seller, clock.today(TIME_ZONE))
    forms = {
        key: form if key == section else each.form(visit, shown).blank(**each.values(visit, shown))
        for key, each in SECTIONS.items()
    }
    return await _drawn(visit, shown, forms, Typed({section: form}), missing, "prova")


class _Tried:
    """A product that is not written: the columns that the gate looks at."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self.__dict__.update(columns)


def vars_of(product: Product) -> dict[str, Any]:
    return {column.key: getattr(product, column.key) for column in Product.__table__.columns}


async def _drawn(
    visit: Visit,
    shown: Editor,
    forms: Mapping[str, Filled[Form]],
    typed: Typed,
    missing: Sequence[Any],
    section: str,
) -> Page:
    fragments = {"prova": "stock/_editor_missing.html", "": "", "pubblicazione": ""}
    right = not typed.summary and not typed.fresh
    return Page(
        "stock/editor.html",
        fragment=fragments.get(section, "stock/_editor_part.html"),
        status_code=200 if right or section == "prova" else 422,
        private=True,
        desk=await desk.of(visit),
        it=shown,
        part=section,
        forms=forms,
        digests={key: editing.digest(shown.product, key) for key in SECTIONS},
        typed=typed,
        missing=missing,
        notes=editor_queries.notes_of([*missing, *shown.hints]),
        base=f"{base(visit)}/{shown.product.id}",
        is_staff=visit.is_staffs,
        languages=[(other.locale, other.name) for other in visit.alternates],
        particulars=[each for name, each in PARTICULARS.items() if name in shown.product_class.asked],
        due={
            *shown.product_class.due(clock.today(TIME_ZONE)),
            *(("date_type",) if shown.product_class.is_dated else ()),
        },
        nutrients=NUTRIENTS,
        choices={
            "classes": editor_queries.CLASS_CHOICES,
            "certifications": list(CERTIFICATIONS.items()),
            "tags": [(tag.slug, in_language(tag.name, visit.locale)) for tag in shown.tags],
            "months": [(str(month), seasons.month_name(month, visit.locale)) for month in range(1, 13)],
            "parts": list(PARTS.items()),
            "codes": [(code, f"{code} – {where}") for code, where in CODES.items()],
            "rates": rate_choices.choices(shown.rates),
            "units": [("g", _("grammi")), ("ml", _("millilitri")), ("piece", _("pezzi"))],
        },
        most_parts=packaging.MOST_PARTS,
        provable=list(proofs.CLAIMS.items()),
        earnings={
            row.id: earnings.earning(
                row.price_minor,
                rate_choices.today(shown.rates, row.facts["vat_rate"]),
                *_fee(visit, shown),
                is_net=visit.shop.prices_are_net,
            )
            for row in shown.variants
        },
        name=in_language(shown.product.name, visit.locale),
        on_sale_at=shown.typed_at(visit.shop.time_zone),
        waiting=(await waiting_for(visit.db, [shown.product.id])).get(shown.product.id, 0),
    )


def _fee(visit: Visit, shown: Editor) -> tuple[Decimal, str]:
    """The percentage, and of what."""
    rate = visit.shop.fee_rate if shown.fee_rate is None else Decimal(shown.fee_rate)
    return rate, shown.fee_base or FEE_BASE.of(visit.shop)


def base(visit: Visit) -> str:
    return "/amministrazione/prodotti" if visit.is_staffs else "/banco/prodotti"
