"""The demonstration data must be as right as a real shop's: read as the loader reads it, with no shop in between."""

import csv
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image
from stdnum.it import iva

from app.catalog.classes import CLASSES
from app.catalog.packaging import CODES, PARTS
from app.catalog.particulars import NUTRIENTS, PARTICULARS
from app.identity.addresses import province_of_cap

DEMO = Path(__file__).parents[2] / "app" / "demo"
SHOPS = ("tavola", "rachel")
LOCALES = ("it", "en", "de", "fr")

# Annex II Reg. (EU) 1169/2011: key -> the words that name it in the ingredients, in any of the four languages
ALLERGENS = {
    "glutine": "FRUMENTO FARRO ORZO WHEAT BARLEY WEIZEN GERSTEN BLÉ ORGE",
    "crostacei": "GAMBERI SHRIMPS CRUSTACEANS GARNELEN KREBSTIERE CREVETTES CRUSTACÉS",
    "uova": "UOVO UOVA EGG EGGS EI EIER ŒUF ŒUFS",
    "pesce": "ANGUILLA ALICI EEL ANCHOVIES FISH AAL SARDELLEN FISCH ANGUILLE ANCHOIS POISSON",
    "arachidi": "ARACHIDI PEANUTS ERDNÜSSE ARACHIDES",
    "soia": "SOIA SOY SOJA",
    "latte": "LATTE MILK MILCH LAIT",
    "frutta_a_guscio": "NOCI MANDORLE PISTACCHI WALNUTS ALMONDS PISTACHIOS "
    "WALNÜSSE MANDELN PISTAZIEN NOIX AMANDES PISTACHES",
    "sedano": "SEDANO CELERY SELLERIE CÉLERI",
    "senape": "SENAPE MUSTARD SENF MOUTARDE",
    "sesamo": "SESAMO SESAME SESAM SÉSAME",
    "solfiti": "SOLFITI SULPHITES SULFITE SULFITES",
    "lupini": "LUPINI LUPIN LUPINEN",
    "molluschi": "VONGOLE COZZE CLAMS MUSSELS MOLLUSCS "
    "VENUSMUSCHELN MIESMUSCHELN WEICHTIERE PALOURDES MOULES MOLLUSQUES",
}
ALLERGEN_OF = {word: key for key, words in ALLERGENS.items() for word in words.split()}

# law.md L19 and L28: claims that need a proof nobody gave (whole words are not needed: stems)
CLAIMS = re.compile(
    r"sostenib|ecologic|\bbio(?:\b|-|log)|\beco\b|detox|fa bene|salutar|benefic|\bsan[oaie]\b|vitamin|protein|"
    r"senza glutine|senza lattosio|lattosio|digeribil|ricc[oa] di|km ?0|km zero|antibiotic|\bgreen claims?|sustainab|"
    r"\borganic|healthy|health|rich in|gluten|lactose|nachhaltig|gesund|ökolog|laktose|reich an|umwelt|"
    r"durable|écolog|biologique|\bsaine?s?\b|santé|riche en|lactosique|superfood|superaliment|"
    r"poco (?:zucchero|grasso)|little (?:sugar|fat)|wenig (?:zucker|fett)|peu de (?:sucre|gras)",
    re.IGNORECASE,
)


def rows(name: str) -> list[dict[str, str]]:
    with (DEMO / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(params=SHOPS)
def shop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def products(shop: str) -> list[dict[str, str]]:
    return rows(f"data/{shop}/products.csv")


def producers(shop: str) -> dict[str, dict[str, str]]:
    return {row["slug"]: row for row in rows(f"data/{shop}/producers.csv")}


def test_tavola_has_its_228_products() -> None:
    assert [row["sku"] for row in products("tavola")] == [f"ER{n:03d}" for n in range(1, 229)]


def test_every_producer_is_in_a_province_of_the_product_and_works_in_its_category(shop: str) -> None:
    makers = producers(shop)
    for row in products(shop):
        maker = makers[row["producer"]]
        assert maker["provincia"] in row["provinces"].split(), row["sku"]
        assert row["category"] in maker["categories"].split(), row["sku"]


def test_every_producer_sells_something_and_every_category_is_filled(shop: str) -> None:
    assert {row["producer"] for row in products(shop)} == set(producers(shop))
    assert {row["category"] for row in products(shop)} == {row["slug"] for row in rows(f"data/{shop}/categories.csv")}


def test_slugs_skus_accounts_and_vat_numbers_are_unique(shop: str) -> None:
    for name, columns in {
        "products": ("sku", "slug"),
        "producers": ("id", "slug", "stripe_account", "demo_partita_iva", "email", "phone"),
        "categories": ("slug", "position"),
        "zones": ("code",),
    }.items():
        for column in columns:
            counted = Counter(row[column] for row in rows(f"data/{shop}/{name}.csv"))
            assert max(counted.values()) == 1, (name, column, counted.most_common(2))


def test_slugs_are_made_for_addresses(shop: str) -> None:
    for name in ("products", "producers", "categories"):
        for row in rows(f"data/{shop}/{name}.csv"):
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row["slug"]), row["slug"]


def test_prices_are_positive_and_the_unit_price_is_sane(shop: str) -> None:
    for row in products(shop):
        price, amount = Decimal(row["price_eur"]), Decimal(row["drained_quantity"] or row["net_quantity"])
        assert Decimal(1) <= price <= 150, row["sku"]
        assert price.as_tuple().exponent == -2, row["sku"]
        assert row["net_unit"] in {"g", "ml", "piece"}, row["sku"]
        each = price / amount * (1 if row["net_unit"] == "piece" else 1000)
        dear = row["category"] in {"tartufi", "aceti"}  # 12 and 25 years in the cask; a dog and a wet night
        assert Decimal("0.30") <= each <= (5000 if dear else 300), (row["sku"], each)


def test_vat_rates_are_italian_and_alcohol_pays_the_full_one_and_is_for_adults(shop: str) -> None:
    for row in products(shop):
        assert row["vat_rate"] in {"4", "5", "10", "22"}, row["sku"]
        drink = Decimal(row["alcohol_abv"] or 0) > Decimal("1.2")
        assert (row["min_age"] == "18") == drink, row["sku"]
        if drink:
            assert row["vat_rate"] == "22", row["sku"]


def test_allergens_declared_and_allergens_marked_are_the_same_in_each_language(shop: str) -> None:
    for row in products(shop):
        declared = set(row["allergens"].split())
        assert declared <= set(ALLERGENS), row["sku"]
        for locale in LOCALES:
            text = row[f"ingredients_{locale}"]
            assert text.count("*") % 2 == 0, row["sku"]
            marked = {ALLERGEN_OF[word] for word in re.findall(r"\*([^*]+)\*", text)}
            assert marked == declared, (row["sku"], locale, text)


def test_allergens_are_never_left_unmarked() -> None:
    plain = re.compile(
        r"\b(latte|milk|milch|lait|frumento|wheat|uova|eggs|mandorle|noci|walnuts|sedano)\b", re.IGNORECASE
    )
    for shop in SHOPS:
        for row in products(shop):
            for locale in LOCALES:
                bare = re.sub(r"\*[^*]+\*", "", row[f"ingredients_{locale}"]).replace("noce moscata", "")
                assert not plain.search(bare), (row["sku"], locale, bare)


def test_every_text_is_there_in_four_languages() -> None:
    tables = [
        *(f"data/{shop}/{name}.csv" for shop in SHOPS for name in ("products", "producers", "categories", "zones")),
        "images/index.csv",
    ]
    for table in tables:
        for row in rows(table):
            for column, text in row.items():
                stem, _, locale = column.rpartition("_")
                if stem and locale in LOCALES:
                    assert text.strip(), (table, row, column)
                    assert "'" not in text, (table, column, text)


def test_descriptions_and_stories_are_written_and_differ(shop: str) -> None:
    for table, column in (("products", "description"), ("producers", "story")):
        for locale in LOCALES:
            texts = [row[f"{column}_{locale}"] for row in rows(f"data/{shop}/{table}.csv")]
            assert len(set(texts)) == len(texts), (table, locale)
            assert min(map(len, texts)) >= 50, min(texts, key=len)
    for row in products(shop):
        assert len({row[f"description_{locale}"] for locale in LOCALES}) == 4, row["sku"]


def test_nobody_claims_health_or_greenness(shop: str) -> None:
    for table, columns in (
        ("products", ("name", "description")),
        ("producers", ("story",)),
        ("categories", ("intro",)),
    ):
        for row in rows(f"data/{shop}/{table}.csv"):
            for column in columns:
                for locale in LOCALES:
                    found = CLAIMS.search(row[f"{column}_{locale}"])
                    assert not found, (row["slug"], locale, found)


def test_protected_names_keep_their_italian_name_in_every_language() -> None:
    for row in products("tavola"):
        if row["designation"] in {"DOC", "DOCG", "IGT"}:
            assert {row[f"name_{locale}"] for locale in LOCALES} == {row["name_it"]}, row["sku"]


def test_vat_numbers_are_valid_and_invented(shop: str) -> None:
    for row in producers(shop).values():
        assert iva.is_valid(row["demo_partita_iva"]), row["id"]
        assert re.fullmatch(r"99999\d\d999\d", row["demo_partita_iva"]), row["id"]
        assert row["email"].endswith(".example")
        assert row["demo_pec"].endswith(".example")
        assert row["stripe_account"].startswith("acct_demo_")


def test_producers_live_at_a_cap_of_their_province(shop: str) -> None:
    for row in producers(shop).values():
        assert province_of_cap(row["cap"]) == row["provincia"], row["id"]


def test_food_of_animal_origin_has_a_health_mark(shop: str) -> None:
    makers = producers(shop)
    for row in products(shop):
        if re.match(r"formaggi|burro|latte|salumi|carne|pesce|uova", row["category"]):
            assert re.fullmatch(r"IT 08 9\d\d L CE", makers[row["producer"]]["health_mark"]), row["sku"]


def test_pictures_are_there_with_size_alt_and_tint() -> None:
    index = {row["file"]: row for row in rows("images/index.csv")}
    assert {path.name for path in (DEMO / "images").glob("*.jpg")} == set(index)
    ends = ("(immagine dimostrativa)", "(demonstration picture)", "(Beispielbild)", "(image de démonstration)")
    for file, row in index.items():
        with Image.open(DEMO / "images" / file) as picture:
            assert picture.size == (int(row["width"]), int(row["height"])), file
        for locale, end in zip(LOCALES, ends, strict=True):
            assert row[f"alt_{locale}"].endswith(end), file
    assert len({row["tint"] for row in index.values()}) <= 12
    assert sum(path.stat().st_size for path in (DEMO / "images").iterdir()) <= 10_000_000


def test_pictures_named_by_products_and_categories_exist(shop: str) -> None:
    there = {row["file"] for row in rows("images/index.csv")}
    for table in ("products", "categories"):
        for row in rows(f"data/{shop}/{table}.csv"):
            assert not row["image"] or f"{row['image']}.jpg" in there, row["slug"]


def test_stock_has_sold_out_and_nearly_sold_out_things() -> None:
    stock = [int(row["stock"]) for row in products("tavola")]
    assert min(stock) == 0
    assert max(stock) <= 60
    assert stock.count(0) >= 5
    assert sum(0 < pieces <= 3 for pieces in stock) >= 8
    assert all(int(row["stock"]) > 3 for row in products("tavola") if row["featured"] == "1")


def test_shelf_lives_seasons_and_enumerations_hold_together(shop: str) -> None:
    for row in products(shop):
        assert row["date_type"] in {"TMC", "scadenza", "nessuna"}, row["sku"]
        assert row["ship_temp"] in {"ambiente", "fresco", "refrigerato"}, row["sku"]
        assert row["withdrawal"] in {"art59_d", "art59_e"}, row["sku"]
        assert row["designation"] in {"", "DOP", "IGP", "DOC", "DOCG", "IGT", "PAT"}, row["sku"]
        months = [int(month) for month in row["season_months"].split()]
        assert months
        assert set(months) <= set(range(1, 13)), row["sku"]
        if row["min_residual_days"]:
            assert 2 <= int(row["min_residual_days"]) < int(row["shelf_life_days"]), row["sku"]
        assert int(row["net_quantity"]) > 0
        assert int(row["weight_g"]) >= int(row["net_quantity"] if row["net_unit"] != "piece" else 1), row["sku"]


def zone_of(shop: str, country: str, code: str) -> str | None:
    matches = [
        (int(row["priority"]), row["zone"])
        for row in rows(f"data/{shop}/zone_ranges.csv")
        if row["country"] == country and row["first"] <= code <= row["last"]
    ]
    return max(matches)[1] if matches else None


def test_zone_ranges_are_sane(shop: str) -> None:
    zones = {row["code"] for row in rows(f"data/{shop}/zones.csv")}
    ranges = rows(f"data/{shop}/zone_ranges.csv")
    assert {row["zone"] for row in ranges} == zones
    for row in ranges:
        assert row["first"] <= row["last"], row
        if row["first"]:
            assert re.fullmatch(r"[0-9]{5}", row["first"]), row
            assert re.fullmatch(r"[0-9]{5}", row["last"]), row
    for one in ranges:  # ranges of one weight and two zones never overlap
        for other in ranges:
            if one["zone"] != other["zone"] and (one["country"], one["priority"]) == (
                other["country"],
                other["priority"],
            ):
                assert one["last"] < other["first"] or other["last"] < one["first"], (one, other)


@pytest.mark.parametrize(
    ("country", "code", "zone"),
    [
        ("IT", "48121", "Z1"), ("IT", "47121", "Z1"), ("IT", "47521", "Z1"), ("IT", "47921", "Z1"),
        ("IT", "40121", "Z2"), ("IT", "42121", "Z3"), ("IT", "29121", "Z3"), ("IT", "20121", "Z4"),
        ("IT", "00184", "Z4"), ("IT", "30170", "Z4"), ("IT", "30124", "Z6"), ("IT", "80073", "Z6"),
        ("IT", "90133", "Z5"), ("IT", "07024", "Z6"), ("IT", "88900", "Z5"), ("IT", "23041", "Z6"),
        ("IT", "47890", "Z7"), ("IT", "00120", "Z7"), ("SM", "47890", "Z7"), ("DE", "10115", "Z8"),
        ("NL", "1012 AB", "Z8"), ("CH", "8001", None),
    ],
)  # fmt: skip
def test_special_caps_win_over_the_ranges_around_them(country: str, code: str, zone: str | None) -> None:
    assert zone_of("tavola", country, code) == zone


def test_rachel_delivers_in_the_province_of_bologna_only() -> None:
    assert [zone_of("rachel", "IT", code) for code in ("40129", "40026", "41121", "20121")] == ["Z1", "Z2", None, None]


def test_zones_not_served_cost_nothing_and_the_others_say_when_they_leave(shop: str) -> None:
    for row in rows(f"data/{shop}/zones.csv"):
        if row["is_served"] == "0":
            assert (row["fee_minor"], row["departures"]) == ("0", "")
        else:
            assert int(row["fee_minor"]) > 0
            assert {int(day) for day in row["departures"].split()} <= set(range(7))
            assert 0 <= int(row["lead_days_min"]) <= int(row["lead_days_max"])


@pytest.mark.parametrize(
    ("province", "caps"),
    [
        ("PC", "29010 29100 29122"), ("PR", "43010 43036 43126"), ("RE", "42010 42049 42124"),
        ("MO", "41011 41058 41126"), ("BO", "40010 40026 40141"), ("FE", "44011 44042 44124"),
        ("RA", "48011 48018 48125"), ("FC", "47010 47042 47121 47122 47521 47522"),
        ("RN", "47814 47838 47867 47921 47924"),
    ],
)  # fmt: skip
def test_caps_of_emilia_romagna_lie_in_the_right_province(province: str, caps: str) -> None:
    assert {province_of_cap(cap) for cap in caps.split()} == {province}


def test_sheets_speak_of_goods_and_categories_of_classes_and_packaging_that_are_there(shop: str) -> None:
    slugs = {row["slug"] for row in products(shop)}
    for row in rows(f"data/{shop}/sheets.csv"):
        assert row["slug"] in slugs
        assert row["product_class"] in {"", *CLASSES}, row["slug"]
        assert set(row) - {"slug", "product_class", "designation_name"} <= {*PARTICULARS, *NUTRIENTS}
    for row in rows(f"data/{shop}/categories.csv"):
        assert row["class"] in CLASSES
        for pair in row["packaging"].split("|"):
            part, _colon, code = pair.partition(":")
            assert part in PARTS, row["slug"]
            assert code in CODES, row["slug"]


def test_tags_are_of_goods_that_are_there_and_words_that_mean_the_same_find_something() -> None:
    goods = {line["sku"]: line for line in rows("data/tavola/products.csv")}
    written = " ".join(text.lower() for line in goods.values() for text in (line["name_it"], line["description_it"]))
    for tag in rows("data/tavola/tags.csv"):
        skus = tag["skus"].split()
        assert len(set(skus)) == len(skus) > 10
        assert set(skus) <= set(goods)
        assert all(tag[f"name_{locale}"] for locale in LOCALES)
        assert not CLAIMS.search(" ".join(tag.values()))
    for group in rows("data/tavola/synonyms.csv"):
        assert any(word[:-1] in written for word in group["words"].split()), group
