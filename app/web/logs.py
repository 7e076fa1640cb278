"""Logs: one JSON object per line, with the request's id and shop, and no personal data."""

import logging
import re
import sys

import msgspec
import structlog

_PERSONAL = frozenset({"email", "name", "phone", "address", "street", "password", "token", "to", "recipient"})


def _without_personal_data(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Whatever slips in under a personal name is masked."""
    for key in event.keys() & _PERSONAL:
        event[key] = "***"
    return event


_LIKE_A_CARD = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")


def _without_card_numbers(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Whoever types his card into a search or an address leaves no trace of it (law.md L40)."""
    for key, value in event.items():
        if isinstance(value, str) and _LIKE_A_CARD.search(value):
            event[key] = _LIKE_A_CARD.sub(_masked, value)
    return event


def _masked(found: re.Match[str]) -> str:
    return "***" if is_card_number(found[0]) else found[0]


def is_card_number(text: str) -> bool:
    """Do 13 to 19 digits, whatever stands between them, have the check digit of a card (ISO/IEC 7812-1, Luhn)?"""
    digits = [int(sign) for sign in reversed(text) if sign.isdigit()]
    doubled = sum(digit * 2 - 9 * (digit > 4) for digit in digits[1::2])
    return 13 <= len(digits) <= 19 and (sum(digits[::2]) + doubled) % 10 == 0


def _json(event: object, **_: object) -> str:
    """A line of JSON; what it does not know is written as Python shows it."""
    return msgspec.json.encode(event, enc_hook=repr).decode()


def configure(*, level: str = "INFO", human: bool = False) -> None:
    """Write to standard error: JSON, or readable lines for a person at a terminal."""
    renderer = (
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
        if human
        else structlog.processors.JSONRenderer(_json)
    )
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_personal_data,
        structlog.processors.format_exc_info,
        _without_card_numbers,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
