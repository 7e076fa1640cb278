"""Calendars for other programs, as RFC 5545 wants them: whole days, some of which come back each year."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

MEDIA_TYPE = "text/calendar"
MOST_OCTETS = 75  # of a line, without its end (3.1)


@dataclass(frozen=True)
class Event:
    """Days from `first` to `last`, both included. uid: the same for the same thing, for ever. yearly: each year again.

    changed_at: aware, when what is said was last another. url: absolute.
    """

    uid: str
    first: date
    last: date
    summary: str
    description: str
    url: str
    changed_at: datetime
    yearly: bool = False


def document(product: str, name: str, events: Sequence[Event]) -> str:
    """A whole calendar. product: who wrote it; name: what programs call it."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//{escaped(product)}//Tavola//IT",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{escaped(name)}",
        *(line for event in events for line in _event(event)),
        "END:VCALENDAR",
    ]
    return "".join(f"{folded(line)}\r\n" for line in lines)


def _event(event: Event) -> Iterable[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{escaped(event.uid)}"
    yield f"DTSTAMP:{event.changed_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{event.first:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{event.last + timedelta(days=1):%Y%m%d}"  # the day after (3.6.1)
    if event.yearly:
        yield "RRULE:FREQ=YEARLY"
    yield f"SUMMARY:{escaped(event.summary)}"
    if event.description:
        yield f"DESCRIPTION:{escaped(event.description)}"
    yield f"URL:{event.url}"
    yield "TRANSP:TRANSPARENT"  # nobody is busy because artichokes are
    yield "END:VEVENT"


def escaped(text: str) -> str:
    """A text as a value (3.3.11). Signs that no calendar may hold are left out."""
    clean = "".join(sign for sign in text.replace("\r\n", "\n").replace("\r", "\n") if sign == "\n" or sign >= " ")
    for sign in ("\\", ";", ","):
        clean = clean.replace(sign, f"\\{sign}")
    return clean.replace("\n", "\\n")


def folded(line: str) -> str:
    """In pieces of 75 octets, each but the first begun with a space; no sign is cut in two (3.1)."""
    pieces, piece, room = [], "", MOST_OCTETS
    for sign in line:
        if len(piece.encode()) + len(sign.encode()) > room:
            pieces.append(piece)
            piece, room = "", MOST_OCTETS - 1
        piece += sign
    return "\r\n ".join([*pieces, piece])
