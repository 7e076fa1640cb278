"""The words and facts of the demonstration shops that are not in the tables of app/demo/data. All of it is invented."""

from dataclasses import dataclass, field
from typing import Any

PASSWORD = "tavola-demo"  # noqa: S105  (known on purpose; such log-ins are made on local machines only)


@dataclass(frozen=True)
class Login:
    """Somebody who can sign in. producer: slug of the desk at which they work."""

    email: str
    name: str
    role: str
    producer: str | None = None


@dataclass(frozen=True)
class DemoShop:
    """folder: below app/demo/data. facts: columns of `shops`. hosts: the canonical one first."""

    folder: str
    facts: dict[str, Any]
    hosts: tuple[str, ...]
    is_default: bool
    hero: dict[str, Any]
    hero_picture: str
    logins: tuple[Login, ...]
    search_hint: dict[str, str] = field(default_factory=dict)


TAVOLA = DemoShop(
    folder="tavola",
    facts={
        "slug": "tavola",
        "name": "Tavola Romagna",
        "tagline": {
            "it": "Dai produttori dell’Emilia-Romagna a casa tua",
            "en": "From the producers of Emilia-Romagna to your door",
            "de": "Von den Erzeugern der Emilia-Romagna zu Ihnen nach Hause",
            "fr": "Des producteurs d’Émilie-Romagne jusque chez vous",
        },
        "theme": "tavola",
        "locales": ["it", "en", "de", "fr"],
        "currency": "EUR",
        "order_prefix": "TR",
        "fee_rate": "15",
        "legal": {
            "company": "Tavola Romagna soc. coop. agricola",
            "address": "Via Ravegnana 1, 47122 Forlì (FC)",
            "vat_number": "99999809991",
            "rea": "FC-900080",
            "share_capital": "25.000 €",
            "email": "ciao@tavola.example",
            "phone": "+39 0543 5550180",
            "pec": "tavola-romagna@pec.example",
        },
    },
    hosts=("localhost", "tavola.localhost"),
    is_default=True,
    search_hint={
        "it": "Piadina, sangiovese, parmigiano…",
        "en": "Piadina, Sangiovese, Parmigiano…",
        "de": "Piadina, Sangiovese, Parmigiano …",
        "fr": "Piadina, sangiovese, parmigiano…",
    },
    hero={
        "kicker": {
            "it": "Formaggi, salumi, sfoglia, vini",
            "en": "Cheeses, cured meats, fresh pasta, wines",
            "de": "Käse, Wurstwaren, frische Pasta, Weine",
            "fr": "Fromages, charcuterie, pâtes fraîches, vins",
        },
        "title": {
            "it": "La dispensa della Romagna, direttamente da chi la fa",
            "en": "The larder of Romagna, straight from those who make it",
            "de": "Die Speisekammer der Romagna, direkt von denen, die sie füllen",
            "fr": "Le garde-manger de la Romagne, directement chez ceux qui le remplissent",
        },
        "text": {
            "it": "Squacquerone, piadina, culatello, Sangiovese: li compri dal caseificio, dal forno, dalla cantina. "
            "Partono dall’Emilia-Romagna e arrivano in tutta Italia.",
            "en": "Squacquerone, piadina, culatello, Sangiovese: you buy them from the dairy, the bakery, the cellar. "
            "They leave Emilia-Romagna and arrive all over Italy.",
            "de": "Squacquerone, Piadina, Culatello, Sangiovese: Du kaufst sie bei der Käserei, beim Bäcker, beim "
            "Winzer. Sie kommen aus der Emilia-Romagna und reisen durch ganz Italien.",
            "fr": "Squacquerone, piadina, culatello, Sangiovese : tu les achètes à la fromagerie, au fournil, à la "
            "cave. Ils partent d’Émilie-Romagne et arrivent dans toute l’Italie.",
        },
    },
    hero_picture="tavola-hero",
    logins=(
        Login("anna@posta.example", "Anna Neri", "consumer"),
        Login("bruno@frantoio-colle-ghiacciolo.example", "Bruno Olivi", "producer", "frantoio-colle-ghiacciolo"),
        Login("carlo@caseificio-tre-torri.example", "Carlo Latte", "producer", "caseificio-tre-torri"),
        Login("dora@tavola.example", "Dora Banco", "staff"),
        Login("ada@tavola.example", "Ada Capo", "admin"),
    ),
)

RACHEL = DemoShop(
    folder="rachel",
    facts={
        "slug": "rachel",
        "name": "RachelFoods",
        "tagline": {
            "it": "Cucina di Lagos, cucinata a Bologna",
            "en": "Lagos cooking, cooked in Bologna",
        },
        "theme": "rachel",
        "locales": ["en", "it"],
        "currency": "EUR",
        "order_prefix": "RF",
        "fee_rate": "5",
        "legal": {
            "company": "RachelFoods di Rachel Adeyemi",
            "address": "Via del Battiferro Vecchio 12, 40129 Bologna (BO)",
            "vat_number": "99999699996",
            "rea": "BO-900069",
            "share_capital": "",
            "email": "info@rachelfoods.example",
            "phone": "+39 051 5550169",
            "pec": "rachelfoods@pec.example",
        },
    },
    hosts=("rachel.localhost",),
    is_default=False,
    search_hint={"it": "Jollof, stufato, fagottini…", "en": "Jollof, stew, hand pies…"},
    hero={
        "kicker": {"it": "Piatti pronti, freschi di giornata", "en": "Ready meals, made this morning"},
        "title": {"it": "Quello che cucinava mia madre a Lagos", "en": "What my mother cooked in Lagos"},
        "text": {
            "it": "Jollof, stufati, fagottini. Cucino la mattina a Bologna e la sera sono a casa tua.",
            "en": "Jollof, stews, hand pies. I cook in the morning in Bologna; by evening they are at your door.",
        },
    },
    hero_picture="rachel-hero",
    logins=(
        Login("rachel@rachelfoods.example", "Rachel Adeyemi", "producer", "rachelfoods"),
        Login("ada@rachelfoods.example", "Ada Capo", "admin"),
    ),
)

SHOPS = (TAVOLA, RACHEL)
