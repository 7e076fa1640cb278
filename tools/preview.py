"""Render the shop's templates with invented data and photograph them: python tools/preview.py [page …]. A scratch tool."""
import csv, hashlib, os, sys, shutil
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace as O

import brotli, rcssmin
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

ROOT = Path(__file__).parents[1]
SHARED = Path("/work/shared")
OUT = Path("/tmp/preview")
THEME = os.environ.get("THEME", "tavola")
env = Environment(loader=FileSystemLoader(ROOT / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"])
env.policies["ext.i18n.trimmed"] = True
env.install_gettext_callables(lambda s: s, lambda s, p, n: s if n == 1 else p, newstyle=True)
env.filters.update(
    money=lambda m, c="EUR": format_currency(m / 100, c, locale="it"), date=lambda d: format_date(d, "long", locale="it"),
    datetime=lambda d: format_datetime(d, "d MMMM y, HH:mm", locale="it"), time=lambda d: format_time(d, "short", locale="it"),
    percent=lambda v: format_percent(v, locale="it"),
    quantity=lambda q: (format_decimal(q.amount / 1000, locale="it") + (" kg" if q.unit == "g" else " l")) if q.amount >= 1000 and q.unit in ("g", "ml") else f"{format_decimal(q.amount, locale='it')} {q.unit}",
    unit_price=lambda p: format_decimal(p.minor / 100, "#,##0.00", locale="it") + " €/" + {"piece": "pezzo"}.get(p.unit, p.unit),
)

def read(name): return list(csv.DictReader((SHARED / name).open()))
images = {}
for row in read("images/index.csv"):
    images[row["file"][:-4]] = O(slug=row["file"][:-4], alt=row["alt_it"] + ", immagine dimostrativa", width=int(row["width"]), height=int(row["height"]), color="warm", suits=row["suits_categories"].split(";"), shop=row["shop"])
def media(image, width, kind):
    path = OUT / "media" / f"{image.slug}-{width}.{kind}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(SHARED / "images" / f"{image.slug}.jpg") as im:
            im.thumbnail((width, width * 4)); im.save(path, quality=78)
    return f"/media/{hashlib.sha1(image.slug.encode()).hexdigest()[:12]}/{width}.{kind}" if not os.environ.get("REAL") else f"/media/{image.slug}-{width}.{kind}"
def css(name):
    lines = (ROOT / "static/css" / name).read_text().split()
    return rcssmin.cssmin("\n".join((ROOT / "static/css" / line.format(theme=THEME)).read_text() for line in lines))
legal = O(company="Tavola Romagna S.r.l.", address="via Mazzini 12, 48121 Ravenna (RA)", vat_number="IT99999999990", rea="RA-999999", share_capital="€ 10.000,00", email="ciao@tavolaromagna.example", phone="+39 0544 000 000", pec="tavolaromagna@pec.example")
nav = [O(name=n, url=u) for n, u in (("Tutti i prodotti", "/prodotti"), ("Formaggi", "/categorie/formaggi"), ("Salumi", "/categorie/salumi"), ("Pasta fresca", "/categorie/pasta"), ("Frutta e verdura", "/categorie/orto"), ("Dolci e miele", "/categorie/dolci"), ("Vini", "/categorie/vino"), ("Produttori", "/produttori"))]
rachel = THEME == "rachel"
shop = O(name="RachelFoods" if rachel else "Tavola Romagna", slug=THEME, theme=THEME, tagline="Piatti africani pronti, cucinati a Bologna" if rachel else "Dai produttori dell’Emilia-Romagna, a casa tua in tutta Italia", currency="EUR", legal=legal, nav=nav, search_hint="Riso rosso, stufato…" if rachel else "Piadina, sangiovese…")
visit = O(shop=shop, locale="it", path="/", alternates=[O(locale=l, name=n, url=("" if l == "it" else "/" + l) + "/") for l, n in (("it", "Italiano"), ("en", "English"), ("de", "Deutsch"), ("fr", "Français"))], base_url="https://tavola.example", person=None, cart_count=3, request_id="01JD4Z7Q2M", is_fragment=False, notice=None)
def asset(path): return "/static/" + path
env.globals.update(visit=visit, href=lambda p: p, asset=asset, critical_css=lambda: Markup(css("critical.txt")), media=media)
env.globals["ui"] = env.get_template("components/ui.html").module

producers = [O(name=p["name"], url="/produttori/" + p["id"].lower(), place=f"{p['comune']} ({p['provincia']})", text=p["story_it"] + ".", image=images[i], company=f"{p['name']}, {p['legal_form']}", address=f"via della Fonte 3, {p['cap']} {p['comune']} ({p['provincia']})", vat_number="IT" + p["demo_partita_iva"], rea=p["demo_rea"], email="vendite@example.it", phone=None, approval_mark="IT 08 123 L CE", founded=p["founded"], cats=p["categories"].split())
             for p, i in zip(read("data/emilia_romagna_producers.csv"), ["parmigiano", "ricotta", "burro", "formaggio-fossa", "squacquerone", "prosciutto", "coppa", "salame", "mortadella", "salsiccia", "aceto-balsamico"] + ["cassetta-mercato"] * 30)]
rows = read("data/emilia_romagna_products.csv")
def picture_of(row):
    fit = [i for i in images.values() if row["category"] in i.suits]
    return fit[int(row["id"][2:]) % len(fit)] if fit else images["cassetta-mercato"]
def card(row, n=0):
    p = next((p for p in producers if row["category"] in p.cats), producers[0])
    cents = round(float(row["price_min_eur"]) * 100)
    return O(name=row["name_it"], url="/prodotti/" + row["slug"], image=picture_of(row), mark=row["designation"] or None, producer_name=p.name, place=p.place, price_minor=cents, currency="EUR", unit_price=O(minor=round(float(row["unit_price_min"]) * 100), unit={"EUR/kg": "kg", "EUR/l": "l"}.get(row["unit_price_label"], "piece")) if row["unit_price_min"] else None, format=row["format_it"], in_season=n % 3 == 0, stock_state=("in", "in", "low", "in", "in", "out")[n % 6], left=3, variant_id=1000 + n, min_age=int(row["min_age"] or 0) or None)
def ready(some): return [Markup(env.get_template("catalog/_card.html").render(card=card(r, n)).strip()) for n, r in enumerate(some)]

hero = O(kicker="Riso rosso, stufati, fagottini" if rachel else "Formaggi, salumi, sfoglia, vini", title="La cucina di Rachel, pronta in otto minuti" if rachel else "La dispensa della Romagna, direttamente da chi la fa", text="Cucinato il martedì e il giovedì, consegnato freddo il giorno dopo in Emilia-Romagna." if rachel else "Squacquerone, piadina, culatello, Sangiovese: li compri dal caseificio, dal forno, dalla cantina. Partono dall’Emilia-Romagna e arrivano in tutta Italia, i freschi al freddo.", image=images["rachel-hero" if rachel else "tavola-hero"])
labels = {}
for r in rows: labels.setdefault(r["category_label_it"], []).append(r)
season = [r for r in rows if "11" in r["season_months"].split() and r["season_months"].count(" ") < 8][:8]
home = O(hero=hero, month="novembre", season=ready(season), categories=[O(name=k, url="/categorie/x", count=len(v)) for k, v in list(labels.items())[:18]], producers=producers[3:6], product_count=228, producer_count=32)
def listing(some, total=228, page=2):
    return O(cards=ready(some), total=total, first=25, last=48, page=page, pages=10, path="/prodotti", url="/prodotti?", choices=[], sorts=[O(key="scelti", name="Scelti per te"), O(key="prezzo", name="Prezzo, dal più basso"), O(key="unita", name="Prezzo al kg")], sort="prezzo", title="Tutti i prodotti", intro="Duecentoventotto cose buone da mangiare e da bere, ciascuna con il nome di chi la fa.", trail=[("Tavola Romagna", "/"), ("Prodotti", None)], related=[])
squa = next(r for r in rows if "squacquerone" in r["slug"])
variant = O(id=7, label="Vaschetta, 300 g", price_minor=490, unit_price=O(minor=1633, unit="kg"), stock_state="low", left=3)
other = O(id=8, label="Vaschetta grande, 1 kg", price_minor=1490, unit_price=O(minor=1490, unit="kg"), stock_state="in", left=30)
product = O(name="Squacquerone di Romagna", url="/prodotti/squacquerone-di-romagna", mark="DOP", image=images["squacquerone"], description="Fresco di giornata, molle, appena acido. Sulla piadina calda, con la rucola o con i fichi caramellati.", trail=[("Tavola Romagna", "/"), ("Formaggi freschi", "/categorie/formaggi-freschi"), ("Squacquerone di Romagna", None)], lowest_minor=None, currency="EUR", variants=[variant, other], chosen=variant, max_quantity=3, min_age=None, back_text=None, in_season=None, legal_name="Formaggio fresco a pasta molle", ingredients=[O(text="LATTE", allergen=True), O(text=", sale, caglio, fermenti lattici", allergen=False)], allergens=["latte"], storage="In frigorifero, tra 0 e +4 °C", shelf_life_days=15, date_type="scadenza", origin="Latte della Romagna (RA, FC, RN, BO)", format="vaschetta", net=O(amount=300, unit="g"), cold=True, abv=None, withdrawal="art59_d")
delivery = O(cap="47521", error=None, refused=None, when="mercoledì 25 novembre", how="Furgone refrigerato, mar–sab 8–12 o 14–19", fee_minor=590, free_from_minor=4900)
def line(r, n, notice=None):
    c = card(r, n); return O(id=n + 1, name=c.name, url=c.url, image=c.image, mark=c.mark, format=c.format, price_minor=c.price_minor, unit_price=c.unit_price, quantity=n + 1, max=9, total_minor=c.price_minor * (n + 1), notice=notice)
def cart(**more):
    groups = [O(producer_name=producers[i].name, producer_url="/produttori/x", place=producers[i].place, lines=ls, subtotal_minor=sum(l.total_minor for l in ls), delivery=d) for i, ls, d in ((4, [line(squa, 0), line(rows[40], 1, "Il prezzo è sceso da € 12,00 a € 11,00 da quando l’hai scelto.")], O(fee_minor=590, when="mercoledì 25 novembre", missing_minor=1210, refused=None)), (5, [line(rows[20], 2)], O(fee_minor=0, when="giovedì 26 novembre", missing_minor=None, refused=None)))]
    return O(**{**dict(groups=groups, currency="EUR", count=6, goods_minor=8120, delivery_minor=590, total_minor=8710, cap="47521", cap_error=None, needs_age=True, can_check_out=True, undo=O(name="Piadina romagnola", variant_id=4, quantity=2)), **more})
empty_cart = cart(groups=[], undo=None, count=0)
PAGES = {
    "home": ("catalog/home.html", dict(home=home)), "listing": ("catalog/listing.html", dict(listing=listing(rows[30:54]))),
    "product": ("catalog/product.html", dict(product=product, producer=producers[4], delivery=delivery, similar=ready(rows[12:16]))),
    "search": ("catalog/search.html", dict(search=O(query="piadna", suggestion="piadina", producers=producers[:2], categories=home.categories[:3]), listing=listing([], total=0))),
    "producers": ("catalog/producers.html", dict(producers=producers[:9])), "producer": ("catalog/producer.html", dict(producer=producers[4], listing=listing(rows[12:20]))),
    "cart": ("commerce/cart.html", dict(cart=cart())), "cart-empty": ("commerce/cart.html", dict(cart=empty_cart)),
    "error": ("errors/error.html", dict(status=404, title="Questa pagina non c’è", text="Forse il prodotto è finito o l’indirizzo è cambiato. Cercalo qui sotto, o torna alla dispensa.", wait_seconds=None)),
    "kit": ("kit.html", dict()),
}
KIT = """{% extends "layouts/plain.html" %}{% block title %}Kit{% endblock %}{% block main %}{{ ui.steps([('Contatto','/a'),('Indirizzo','/b'),('Consegna',none),('Pagamento',none),('Riepilogo',none)], 2) }}<h1>Dove consegniamo?</h1>
{{ ui.error_summary([('cap', 'Il CAP ha cinque cifre'), ('email', 'Scrivi un indirizzo e-mail')]) }}<form class="form" method="post">{{ ui.field('name', 'Nome e cognome', 'Anna Bianchi', autocomplete='name') }}<div class="form__pair">{{ ui.field('cap', 'CAP', '4752', error='Il CAP ha cinque cifre', hint='Cinque cifre', short=true) }}{{ ui.select('province', 'Provincia', [('FC','Forlì-Cesena'),('RA','Ravenna')], 'RA') }}</div>{{ ui.radios('when', 'Quando', [('a','Mercoledì','mattina'),('b','Giovedì',none)], 'a') }}{{ ui.checkbox('invoice','Mi serve la fattura', true, hint='Ti chiediamo il codice fiscale.') }}{{ ui.textarea('note', 'Una nota per chi consegna') }}{{ ui.button('Continua') }}</form>
<h2>Ordine</h2>{{ ui.status('Spedito', 'good') }} {{ ui.status('Da preparare', 'warm') }} {{ ui.timeline([(now, 'Pagato', none), (now, 'Preparato', 'Lotto 24A'), (none, 'Spedito', none)]) }}{% call ui.table('Righe', ['Prodotto', ('Prezzo','number')]) %}<tr><td>Piadina</td><td class="number">€ 3,50</td></tr>{% endcall %}{{ ui.notice('Ordine ricevuto.', 'good', 'Grazie') }}{% endblock %}"""

def main():
    wanted = sys.argv[1:] or list(PAGES)
    OUT.mkdir(exist_ok=True)
    shutil.copytree(ROOT / "static", OUT / "static", dirs_exist_ok=True)
    (OUT / "static/css/rest.css").write_text(css("rest.txt"))
    for name in wanted:
        path, values = PAGES[name]
        template = env.from_string(KIT) if name == "kit" else env.get_template(path)
        html = template.render(values, now=datetime(2026, 11, 20, 10, 30))
        (OUT / f"{name}.html").write_text(html)
        print(f"{name:12} {len(html):7} raw {len(brotli.compress(html.encode(), quality=4)):6} br4 {len(brotli.compress(html.encode(), quality=5)):6} br5 {len(brotli.compress(html.encode())):6} br11")
    drawer_visit = O(**{**vars(visit), "is_fragment": True})
    env.globals["visit"] = drawer_visit
    fragment = env.get_template("commerce/_drawer.html").render(visit=drawer_visit, added=O(name="Squacquerone di Romagna", image=images["squacquerone"], quantity=1, price_minor=490), problem=None, cart=cart(), said="Squacquerone di Romagna è nel carrello.")
    (OUT / "drawer.html").write_text(fragment)
    (OUT / "cart-fragment.html").write_text(env.get_template("commerce/_cart.html").render(visit=drawer_visit, cart=cart(undo=None), said="Quantità aggiornata."))
    (OUT / "results-fragment.html").write_text(env.get_template("catalog/_results.html").render(visit=drawer_visit, listing=listing(rows[60:84], page=3)))
    gone = O(**{**vars(product), "chosen": O(**{**vars(variant), "stock_state": "out"}), "abv": "13,5", "min_age": 18, "lowest_minor": 500, "date_type": None, "ingredients": None, "allergens": [], "withdrawal": "standard", "variants": [variant]})
    for state, d in (("bad", O(cap="9", error="Il CAP ha cinque cifre", refused=None)), ("refused", O(cap="47890", error=None, refused="A San Marino non consegniamo.")), ("none", None)):
        (OUT / f"product-{state}.html").write_text(env.get_template("catalog/product.html").render(product=gone if state == "none" else O(**{**vars(gone), "chosen": variant}), producer=producers[4], delivery=d, similar=[]))
    for name, text in (("mail", '{% extends "layouts/mail.html" %}{% block main %}<h1>Grazie, Anna</h1><p>Ordine TR-2026-000123.</p><a class="button" href="#">Segui l’ordine</a>{% endblock %}'), ("desk", '{% extends "layouts/desk.html" %}{% block scripts %}{% include "layouts/_live_scripts.html" %}{% endblock %}{% block main %}<h1>Oggi</h1><ul class="tasks"><li><a href="#">Da preparare <b>4</b></a></li><li><a href="#">Da spedire <b>2</b></a></li></ul><div id="news" hx-sse:connect="/events" hx-trigger="load, sse-retry" hx-target="#news" hx-swap="beforeend" hx-status:4xx="swap:none" hx-status:5xx="swap:none"></div>{% endblock %}')):
        person = O(**{**vars(visit), "path": "/banco", "person": O(name="Bruno Fabbri", email="b@example.it", role="producer")})
        (OUT / f"{name}.html").write_text(env.from_string(text).render(visit=person, desk=O(title="Il banco", links=[O(name="Oggi", url="/banco", count=6), O(name="Ordini", url="/banco/ordini", count=None), O(name="Prodotti", url="/banco/prodotti", count=None), O(name="Incassi", url="/banco/incassi", count=None)]), locale="it", subject="Ordine ricevuto", withdrawal_url="https://tavola.example/recesso"))
    env.globals["visit"] = visit

if __name__ == "__main__":
    main()
