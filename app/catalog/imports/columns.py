"""The columns of our own CSV: one row per variant; rows of one product share its slug.

Texts stand in `name_it`, `name_en`, …; Italian comes first. `label` is JSON: the particulars without a column.
Of goods by weight (`by_weight` is 1) the price may be left to `kg_price_eur`, and the net quantity to `estimated_g`.
"""

from app.kernel.i18n import LOCALES

REQUIRED = (
    "sku",
    "slug",
    "producer",
    "category",
    "name_it",
    "net_quantity",
    "net_unit",
    "weight_g",
    "price_eur",
    "vat_rate",
)
TEXTS = ("name", "description", "format", "ingredients", "storage", "origin", "seo_title", "seo_description")
DESIGNATIONS = ("DOP", "IGP", "DOC", "DOCG", "IGT", "PAT")


def _in_all(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}_{locale}" for locale in LOCALES)


# As they are exported. `vat_verify` is a note of ours in older files; nothing reads it.
ORDER = (
    *("sku", "slug", "producer", "category", *_in_all("name"), *_in_all("description"), "designation"),
    *("product_class", "certifications", "tags", *_in_all("format"), "net_quantity", "net_unit", "drained_quantity"),
    *("weight_g", "price_eur", "vat_rate", "by_weight", "kg_price_eur", "estimated_g", "tolerance_percent"),
    *("allergens", *_in_all("ingredients"), *_in_all("storage")),
    *("shelf_life_days", "min_residual_days", "date_type", "ship_temp", "alcohol_abv", "min_age"),
    *("omnibus_perishable", "withdrawal", "season_months", "provinces", *_in_all("origin"), "label", "packaging"),
    *(*_in_all("seo_title"), *_in_all("seo_description"), "image", "stock", "low_stock_at", "featured", "published"),
)
COLUMNS = frozenset({*ORDER, "vat_verify"})
OF_WEIGHT = ("kg_price_eur", "estimated_g", "tolerance_percent")  # filled in where by_weight is 1, and only there
OF_FOOD = frozenset(  # keys of Product.food with a column of their own
    {"ingredients", "storage", "origin", "allergens", "provinces", "shelf_life_days", "min_residual_days"}
    | {"date_type", "ship_temp", "alcohol_abv", "min_age", "withdrawal", "omnibus_perishable", "omnibus_protected"}
)
