"""WooCommerce heads its export in the language of the shop. The headers are those of real exports, whole."""

import csv
import io
from pathlib import Path

import pytest

from app.catalog.imports import formats, woocommerce, woocommerce_words
from app.catalog.imports.rows import Row, RowError
from app.catalog.imports.source import Source
from app.catalog.imports.terms import Asked, Terms

ENGLISH = (
    "ID,Type,SKU,Name,Published,Is featured?,Short description,Description,In stock?,Stock,Weight (kg),Sale price,"
    "Regular price,Categories,Images,Parent,Position,Attribute 1 name,Attribute 1 value(s)"
)
ITALIAN = (
    'ID,Tipo,SKU,"GTIN, UPC, EAN, o ISBN",Nome,Pubblicato,In primo piano?,Visibilità nel catalogo,Breve descrizione,'
    "Descrizione,Data di partenza del prezzo in saldo,Data in cui termina l'offerta,Stato delle imposte,"
    "Aliquota di imposta,In stock?,Magazzino,Quantità in magazzino bassa,Abilita gli ordini arretrati?,"
    "Venduto singolarmente?,Peso (kg),Lunghezza (cm),Larghezza (cm),Altezza (cm),Permetti le recensioni clienti?,"
    "Nota di acquisto,Prezzo in offerta,Prezzo di listino,Categorie,Tag,Classe di spedizione,Immagine,"
    "Limite di download,Scarica i giorni di scadenza,Genitore,Prodotti raggruppati,Up-sell,Cross-sell,URL esterno,"
    "Testo del pulsante,Posizione,Marchi,Nome dell'attributo 1,Valore dell'attributo 1,Attributo 1 visibile,"
    "Attributo 1 globale"
)
OLD_ITALIAN = (
    "ID,Tipo,COD,Nome,Pubblicato,In primo piano?,Visibilità nel catalogo,Breve descrizione,Descrizione,"
    "Data di partenza del prezzo in saldo,Termine data del prezzo di vendita,Stato delle imposte,Aliquota di imposta,"
    "In stock?,Magazzino,Abilita gli ordini arretrati?,Venduto singolarmente?,Peso (kg),Lunghezza (cm),Larghezza (cm),"
    "Altezza (cm),Permetti le recensioni clienti?,Nota di acquisto,Prezzo in offerta,Prezzo di listino,Categorie,"
    "Etichette,Classe di spedizione,Immagine,Limite di download,Scarica i giorni di scadenza,Genitore,"
    "Prodotti raggruppati,Up-sell,Cross-sell,URL esterna,Testo del pulsante,Posizione,Attributo 1 nome,"
    "Attributo 1 valuta(e),Attributo 1 visibile,Attributo 1 globale"
)
GERMAN = (
    'ID,Typ,Artikelnummer,"GTIN, UPC, EAN oder ISBN",Name,Veröffentlicht,Ist hervorgehoben?,Sichtbarkeit im Katalog,'
    'Kurzbeschreibung,Beschreibung,"Datum, an dem Angebotspreis beginnt","Datum, an dem Angebotspreis endet",'
    "Steuerstatus,Steuerklasse,Vorrätig?,Bestand,Geringe Lagermenge,Lieferrückstande erlaubt?,Nur einzeln verkaufen?,"
    "Gewicht (kg),Länge (cm),Breite (cm),Höhe (cm),Kundenrezensionen erlauben?,Hinweis zum Kauf,Angebotspreis,"
    "Regulärer Preis,Kategorien,Schlagwörter,Versandklasse,Bilder,Downloadlimit,Ablauftage des Downloads,"
    "Übergeordnetes Produkt,Gruppierte Produkte,Zusatzverkäufe,Cross-Sells (Querverkäufe),Externe URL,Button-Text,"
    "Position,Marken,Attribut 1 Name,Attribut 1 Wert(e),Attribut 1 Sichtbar,Attribut 1 Global"
)
FRENCH = (  # with the spaces that do not break, and the one at an end, as WooCommerce writes them
    "ID,Type,UGS,Nom,Publié,Mis en avant\u00a0?,Visibilité dans le catalogue,Description courte,Description,"
    "Date de début de promo,Date de fin de promo,État de la TVA,Classe de TVA,En stock\u00a0?,Stock,"
    "Montant de stock faible,Autoriser les commandes de produits en rupture\u00a0?,Vendre individuellement\u00a0?,"
    "Poids (kg),Longueur (cm),Largeur (cm),Hauteur (cm),Autoriser les avis clients\u00a0?,Note de commande,Tarif promo,"
    "Tarif régulier,Catégories,Étiquettes,Classe d’expédition,Images,Limite de téléchargement,"
    "Jours d’expiration du téléchargement,Parent,Groupes de produits,Produits suggérés,Ventes croisées,URL externe,"
    "Libellé du bouton,Position,Nom de l’attribut 1,Valeur(s) de l’attribut 1 ,Attribut 1 visible,Attribut 1 global"
)
HEADERS = {"en": ENGLISH, "it": ITALIAN, "it, old": OLD_ITALIAN, "de": GERMAN, "fr": FRENCH}
LINES = [
    {"ID": "10", "Type": "variable", "SKU": "OLIO-V", "Name": "Olio nuovo", "Published": "1", "Description": "Verde",
     "Short description": "Breve", "In stock?": "1", "Categories": "Oli > Extravergine, Novità",
     "Images": "https://cdn.example/a.jpg", "Attribute 1 name": "Formato", "Attribute 1 value(s)": "500 ml, 750 ml"},
    {"ID": "12", "Type": "variation", "SKU": "OL-500", "Name": "Olio - 500 ml", "Published": "1", "In stock?": "1",
     "Stock": "8", "Weight (kg)": "0,8", "Regular price": "10,90", "Parent": "id:10", "Attribute 1 name": "Formato",
     "Attribute 1 value(s)": "500 ml"},
    {"ID": "20", "Type": "simple", "Name": "Sale", "Published": "0", "Short description": "Grigio", "In stock?": "1",
     "Weight (kg)": "0.25", "Regular price": "3.20", "Categories": "Sale"},
]  # fmt: skip
TERMS = Terms(
    producer="frantoio",
    categories={"Oli > Extravergine": "dispensa", "Sale": "dispensa"},
    rates={"Oli > Extravergine": "4", "Sale": "22"},
)


def export(header: str, lines: list[dict[str, str]], delimiter: str = ",") -> bytes:
    """A file with this header; lines: by the English names."""
    columns = next(csv.reader([header]))
    names = woocommerce_words.english([column.strip() for column in columns])
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(columns)
    writer.writerows([[line.get(name, "") for name in names] for line in lines])
    return out.getvalue().encode("utf-8-sig")


def opened(folder: Path, body: bytes) -> Source:
    file = folder / "wc-product-export.csv"
    file.write_bytes(body)
    return Source(file)


def read(source: Source) -> tuple[list[Row], list[RowError]]:
    parts = list(formats.batches(source, formats.detected(source.header), TERMS))
    return [row for part in parts for row in part.rows], [error for part in parts for error in part.errors]


@pytest.mark.parametrize("language", HEADERS)
def test_a_shop_of_any_of_our_languages_is_known_and_read_alike(tmp_path: Path, language: str) -> None:
    source = opened(tmp_path, export(HEADERS[language], LINES, ";" if language == "de" else ","))
    assert formats.detected(source.header) == "woocommerce"
    rows, errors = read(source)
    assert errors == []

    oil, salt = rows
    assert (oil.sku, oil.name["it"], oil.description["it"]) == ("OL-500", "Olio nuovo", "Verde")
    assert (oil.net_amount, oil.net_unit, oil.weight_g, oil.price_minor, oil.stock) == (500, "ml", 800, 1090, 8)
    assert oil.format["it"] == "500 ml"
    assert [picture.source for picture in oil.pictures or []] == ["https://cdn.example/a.jpg"]
    assert (salt.sku, salt.description["it"], salt.is_published, salt.weight_g) == ("woo-20", "Grigio", False, 250)
    assert woocommerce.asked(source) == Asked([""], ["Oli > Extravergine", "Sale"])


@pytest.mark.parametrize(
    ("language", "price", "kind", "parent"),
    [
        ("it", "Prezzo di listino", "Tipo", "Genitore"),
        ("de", "Regulärer Preis", "Typ", "Übergeordnetes Produkt"),
        ("fr", "Tarif régulier", "Type", "Parent"),
    ],
)
def test_mistakes_name_the_columns_of_the_file(
    tmp_path: Path, language: str, price: str, kind: str, parent: str
) -> None:
    wrong = [
        {**LINES[2], "Regular price": "caro"},
        {"ID": "30", "Type": "grouped", "Name": "Insieme"},
        {"ID": "40", "Type": "variation", "Name": "Orfana", "Parent": "id:99"},
    ]
    _rows, errors = read(opened(tmp_path, export(HEADERS[language], wrong)))

    assert [error.column for error in errors] == [price, kind, parent]


def test_what_is_left_aside_is_told_in_the_words_of_the_file(tmp_path: Path) -> None:
    left = woocommerce.unused(opened(tmp_path, export(ITALIAN, LINES)).header)

    assert {"Prezzo in offerta", "Marchi", "Posizione"} <= set(left)
    assert not {"Prezzo di listino", "Nome", "Immagine", "Valore dell'attributo 1"} & set(left)


def test_one_column_in_two_languages_is_told_and_not_guessed(tmp_path: Path) -> None:
    source = opened(tmp_path, b"ID,Tipo,Nome,Name,Prezzo di listino\n1,simple,Sale,Salz,3.20\n")

    assert [(error.line, error.column) for error in read(source)[1]] == [(1, "Nome")]


def test_a_file_of_ours_and_any_other_table_are_not_taken_for_one() -> None:
    assert formats.detected(["sku", "slug", "net_quantity", "price_eur"]) == "tavola"
    assert formats.detected(["Nome", "Prezzo di listino", "Tipo"]) == "tavola", "without the column ID it is another's"
