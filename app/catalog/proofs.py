"""Evidence for claims that may only be made with a proof (law.md L28): what proves it, who certified it, until when.

Kept as Product.proofs: [{"claim": a key of CLAIMS, "text": what is proved, "body": scheme or certifier, "until": the
last day, as 2027-12-31}]. Who reads the claim reads its proof beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.support import LazyProxy

from app.kernel.i18n import lazy_gettext as _l

CLAIMS: Mapping[str, LazyProxy] = {  # those of lint.CLAIMS that a proof makes lawful
    "ambiente": _l("Affermazioni ambientali (“sostenibile”, “ecologico”)"),
    "naturale": _l("“Naturale” o “chilometro zero”"),
}
COLUMNS = ("text", "body", "until")


@dataclass(frozen=True)
class Proof:
    """A proof that holds."""

    claim: str
    text: str
    body: str
    until: date


def holding(kept: Sequence[Mapping[str, Any]], on: date) -> frozenset[str]:
    """The claims that are proved on a day."""
    return frozenset(proof.claim for proof in shown(kept, on))


def shown(kept: Sequence[Mapping[str, Any]], on: date) -> list[Proof]:
    """Those that are whole and have not run out."""
    found = []
    for each in kept:
        try:
            until = date.fromisoformat(str(each.get("until")))
        except ValueError:
            continue
        if each.get("claim") in CLAIMS and each.get("text") and each.get("body") and until >= on:
            found.append(Proof(each["claim"], str(each["text"]), str(each["body"]), until))
    return found
