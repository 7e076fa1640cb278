"""Calendars as RFC 5545 wants them."""

from datetime import UTC, date, datetime

from app.kernel import icalendar
from app.kernel.icalendar import Event

EVENT = Event(
    uid="olio-11@tavola.example",
    first=date(2026, 11, 1),
    last=date(2027, 2, 28),
    summary="È stagione: olio; nuovo, buono",
    description="Frantoio\nOlivi \\ figli",
    url="https://tavola.example/prodotti/olio",
    changed_at=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
    yearly=True,
)


def lines(*events: Event) -> list[str]:
    whole = icalendar.document("Tavola", "Le stagioni", events)
    assert whole.endswith("\r\n")
    assert "\n" not in whole.replace("\r\n", "")
    return whole.replace("\r\n ", "").split("\r\n")


def test_an_event_of_whole_days_ends_on_the_day_after_and_comes_back() -> None:
    found = lines(EVENT)
    assert found[:4] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tavola//Tavola//IT", "CALSCALE:GREGORIAN"]
    for line in (
        "DTSTAMP:20261121T093000Z",
        "DTSTART;VALUE=DATE:20261101",
        "DTEND;VALUE=DATE:20270301",
        "RRULE:FREQ=YEARLY",
        "URL:https://tavola.example/prodotti/olio",
    ):
        assert line in found


def test_signs_with_a_meaning_are_escaped() -> None:
    found = lines(EVENT)
    assert "SUMMARY:È stagione: olio\\; nuovo\\, buono" in found
    assert "DESCRIPTION:Frantoio\\nOlivi \\\\ figli" in found


def test_a_text_cannot_begin_a_line_of_its_own() -> None:
    odd = "Olio\r\nEND:VEVENT\rBEGIN:VALARM\x00\x1b"
    assert icalendar.escaped(odd) == "Olio\\nEND:VEVENT\\nBEGIN:VALARM"


def test_long_lines_are_folded_at_75_octets_without_cutting_a_sign() -> None:
    for text in ("x" * 400, "è" * 200, "🫒" * 90, "SUMMARY:" + "aè🫒" * 60):
        pieces = icalendar.folded(text).split("\r\n")
        assert all(len(piece.encode()) <= 75 for piece in pieces)
        assert all(piece.startswith(" ") for piece in pieces[1:])
        assert pieces[0] + "".join(piece[1:] for piece in pieces[1:]) == text
    assert icalendar.folded("x" * 75) == "x" * 75


def test_a_calendar_of_nothing_is_a_calendar() -> None:
    assert lines()[-2:] == ["END:VCALENDAR", ""]
