"""The way to the SdI (Sistema di Interscambio), which takes electronic invoices and says what became of them.

Who transmits is the operator's intermediary. `Folder` is the hand-over that any of them can work with: files to send in
one folder, the SdI's answers in another. Another way (a web service) is another class with the same three functions.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

DELIVERED, REJECTED, UNDELIVERED = "delivered", "rejected", "undelivered"
TO_SEND, ANSWERS, READ = "da-inviare", "ricevute", "lette"
MOST_BYTES = 2_000_000

_NAME = re.compile(r"[A-Z]{2}[A-Za-z0-9]{2,28}_[A-Za-z0-9]{1,5}\.xml")
_OUTCOMES = {
    "RicevutaConsegna": DELIVERED,
    "NotificaScarto": REJECTED,
    "RicevutaScarto": REJECTED,
    "NotificaMancataConsegna": UNDELIVERED,
    "RicevutaImpossibilitaRecapito": UNDELIVERED,
}


@dataclass(frozen=True)
class Answer:
    """What the SdI said about a file of ours. receipt: the answer's own file. reason: why it was rejected."""

    receipt: str
    filename: str
    outcome: str
    reason: str


class Unreadable(ValueError):
    """It is not an answer of the SdI."""


class Channel(Protocol):
    """Files by shop. All functions block: call them in a thread. Raises OSError when the way is shut."""

    def hand_over(self, shop_slug: str, filename: str, body: str) -> None:
        """The whole file or nothing; twice is harmless."""

    def answers(self, shop_slug: str) -> list[Answer]:
        """Those that have come and are not yet read."""

    def have_read(self, shop_slug: str, receipts: Sequence[str]) -> None:
        """They need not be told again."""


class Folder:
    """`root`/<shop>/da-inviare: to send; `root`/<shop>/ricevute: answers, which go on into `lette` once read."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def hand_over(self, shop_slug: str, filename: str, body: str) -> None:
        if not _NAME.fullmatch(filename):
            raise ValueError(f"{filename!r} is no name of an invoice")
        place = self.root / shop_slug / TO_SEND
        place.mkdir(parents=True, exist_ok=True)
        (self.root / shop_slug / ANSWERS / READ).mkdir(parents=True, exist_ok=True)
        half = place / f".{filename}.part"
        half.write_text(body, encoding="utf-8")
        half.replace(place / filename)

    def answers(self, shop_slug: str) -> list[Answer]:
        found = []
        for path in sorted((self.root / shop_slug / ANSWERS).glob("*.xml")):
            if path.stat().st_size <= MOST_BYTES:
                with suppress(Unreadable):  # it stays where it is, for a person to look at
                    found.append(read_answer(path.name, path.read_bytes()))
        return found

    def have_read(self, shop_slug: str, receipts: Sequence[str]) -> None:
        place = self.root / shop_slug / ANSWERS
        for name in receipts:
            with suppress(FileNotFoundError):  # another process was quicker
                (place / name).replace(place / READ / name)


def read_answer(receipt: str, body: bytes) -> Answer:
    """One of the SdI's messages (specifiche tecniche, messaggi: RC, NS, MC). Raises Unreadable."""
    try:
        root: Element = ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as wrong:
        raise Unreadable(receipt) from wrong
    outcome = _OUTCOMES.get(_local(root.tag))
    filename = next((child.text or "" for child in root if _local(child.tag) == "NomeFile"), "").strip()
    filename = filename.removesuffix(".p7m")
    if outcome is None or not _NAME.fullmatch(filename):
        raise Unreadable(receipt)
    errors = [
        " ".join((part.text or "").strip() for part in error if _local(part.tag) in {"Codice", "Descrizione"})
        for error in root.iter()
        if _local(error.tag) == "Errore"
    ]
    return Answer(receipt, filename, outcome, "; ".join(errors)[:1000])


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
