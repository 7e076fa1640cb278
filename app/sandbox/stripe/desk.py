"""The control page, /desk: what the control face can do, as buttons for people. Its words are at the end."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

from app.sandbox.stripe import control, day, disputes, ledger, payouts
from app.sandbox.stripe.call import Call
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.state import Body

NAME = "desk"
SHOWN = 8  # of payments, disputes and payouts: the newest
HELD = ("pending", "held")


def shown(call: Call) -> Body:
    """What the page shows. Amounts in the smallest unit."""
    store = call.store
    waiting = {
        row["status"]: row["n"] for row in store.rows("SELECT status, COUNT(*) AS n FROM deliveries GROUP BY status")
    }
    faults = store.rows(
        "SELECT answer, SUM(remaining) AS n FROM faults WHERE remaining > 0 GROUP BY answer ORDER BY answer"
    )
    return {
        "day": datetime.fromtimestamp(call.now, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "pots": [row for row in ledger.summary(store) if row["owner"] != ledger.OUTSIDE and row["amount"]][:20],
        "waiting": sum(waiting.get(name, 0) for name in HELD),
        "holding": bool(store.setting("hold", [])),
        "faults": faults,
        "charges": [c for c in store.select("charge") if c["status"] == "succeeded"][:SHOWN],
        "disputes": store.select("dispute")[:SHOWN],
        "open": disputes.OPEN,
        "payouts": [(p, store.owner(p["id"])[0]) for p in store.select("payout")[:SHOWN]],
    }


def press(call: Call, button: str, about: str) -> str | None:
    """Do what a button says: "" once it is done, else why not. None for a button that there is not."""
    deed = _BUTTONS.get(button)
    if deed is None:
        return None
    try:
        deed(call, about)
        ledger.check(call.store)
    except Refuse as no:
        return str(no)
    return ""


def _control(name: str, **given: object) -> Callable[[Call, str], object]:
    return lambda call, about: control.answer(call, "POST", name, json.dumps(given).encode())


def _dispute(*, inquiry: bool) -> Callable[[Call, str], object]:
    return lambda call, about: disputes.open_on(call, call.store.get("charge", about), inquiry=inquiry)


def _end(outcome: str) -> Callable[[Call, str], object]:
    def end(call: Call, about: str) -> Body:
        dispute = call.store.get("dispute", about)
        ends = "warning_closed" if dispute["status"].startswith("warning") else outcome
        return disputes.finish(call, dispute, ends)

    return end


_BUTTONS: dict[str, Callable[[Call, str], object]] = {
    "day": lambda call, about: day.pass_days(call, 1),
    "week": lambda call, about: day.pass_days(call, 7),
    "hold": _control("webhooks/hold"),
    "release": _control("webhooks/release"),
    "shuffled": _control("webhooks/release", order="shuffled"),
    "twice": _control("webhooks/duplicate"),
    "fault-402": _control("faults", answer="402"),
    "fault-429": _control("faults", answer="429"),
    "fault-500": _control("faults", answer="500", keep=False),
    "fault-timeout": _control("faults", answer="timeout"),
    "mend": _control("faults/clear"),
    "dispute": _dispute(inquiry=False),
    "inquiry": _dispute(inquiry=True),
    "won": _end("won"),
    "lost": _end("lost"),
    "fail-payout": lambda call, about: payouts.fail(call, call.store.get("payout", about)),
}

WORDS: dict[str, dict[str, str]] = {
    "it": {
        "title": "Banco di prova dei pagamenti", "now": "Qui adesso è", "time": "Il tempo", "day": "Il giorno dopo",
        "week": "Una settimana dopo",
        "day_more": "Il denaro in sospeso diventa disponibile, i saldi vanno in banca, le banche decidono.",
        "news": "Gli avvisi", "waiting": "Avvisi in attesa:", "hold": "Trattieni gli avvisi",
        "release": "Mandali in ritardo", "shuffled": "Mandali in disordine", "twice": "Manda tutto due volte",
        "faults": "I guasti", "next": "La prossima chiamata risponde:", "402": "402, carta rifiutata",
        "429": "429, troppe richieste", "500": "500, errore", "timeout": "Niente, fino allo scadere",
        "mend": "Togli i guasti", "left": "Guasti pronti:", "charges": "Pagamenti", "dispute": "Contesta",
        "inquiry": "Chiedi chiarimenti", "disputes": "Contestazioni", "won": "Vinta", "lost": "Persa",
        "payouts": "Versamenti in banca", "fail": "Fallo tornare indietro", "pots": "Saldi", "none": "Ancora niente.",
        "no": "Non si può:",
    },
    "en": {
        "title": "Payment test bench", "now": "The time here is", "time": "Time", "day": "The next day",
        "week": "A week later",
        "day_more": "Pending money becomes available, balances go to the bank, banks decide disputes.",
        "news": "Webhooks", "waiting": "Webhooks waiting:", "hold": "Hold webhooks back", "release": "Send them late",
        "shuffled": "Send them out of order", "twice": "Send everything twice", "faults": "Faults",
        "next": "The next call answers:", "402": "402, card declined", "429": "429, too many requests",
        "500": "500, error", "timeout": "Nothing, until time runs out", "mend": "Remove the faults",
        "left": "Faults ready:", "charges": "Payments", "dispute": "Dispute", "inquiry": "Make an inquiry",
        "disputes": "Disputes", "won": "Won", "lost": "Lost", "payouts": "Payouts to the bank",
        "fail": "Have it returned", "pots": "Balances", "none": "Nothing yet.", "no": "Not possible:",
    },
    "de": {
        "title": "Prüfstand für Zahlungen", "now": "Hier ist es jetzt", "time": "Zeit", "day": "Der nächste Tag",
        "week": "Eine Woche später",
        "day_more": "Ausstehendes Geld wird verfügbar, Guthaben gehen zur Bank, Banken entscheiden.",
        "news": "Webhooks", "waiting": "Wartende Webhooks:", "hold": "Webhooks zurückhalten",
        "release": "Verspätet senden", "shuffled": "Durcheinander senden", "twice": "Alles zweimal senden",
        "faults": "Störungen",
        "next": "Der nächste Aufruf antwortet:", "402": "402, Karte abgelehnt", "429": "429, zu viele Anfragen",
        "500": "500, Fehler", "timeout": "Nichts, bis die Zeit abläuft", "mend": "Störungen entfernen",
        "left": "Bereite Störungen:", "charges": "Zahlungen", "dispute": "Anfechten", "inquiry": "Rückfrage stellen",
        "disputes": "Anfechtungen", "won": "Gewonnen", "lost": "Verloren", "payouts": "Auszahlungen an die Bank",
        "fail": "Zurückgehen lassen", "pots": "Guthaben", "none": "Noch nichts.", "no": "Nicht möglich:",
    },
    "fr": {
        "title": "Banc d’essai des paiements", "now": "Ici, il est", "time": "Le temps", "day": "Le lendemain",
        "week": "Une semaine plus tard",
        "day_more": "L’argent en attente devient disponible, les soldes partent en banque, les banques décident.",
        "news": "Webhooks", "waiting": "Webhooks en attente :", "hold": "Retenir les webhooks",
        "release": "Les envoyer en retard", "shuffled": "Les envoyer dans le désordre",
        "twice": "Tout envoyer deux fois", "faults": "Pannes",
        "next": "Le prochain appel répond :", "402": "402, carte refusée", "429": "429, trop de requêtes",
        "500": "500, erreur", "timeout": "Rien, jusqu’à expiration", "mend": "Retirer les pannes",
        "left": "Pannes prêtes :", "charges": "Paiements", "dispute": "Contester",
        "inquiry": "Demander des explications", "disputes": "Litiges", "won": "Gagné", "lost": "Perdu",
        "payouts": "Virements vers la banque",
        "fail": "Le faire revenir", "pots": "Soldes", "none": "Rien pour l’instant.", "no": "Impossible :",
    },
}  # fmt: skip
