"""Logs: one JSON object per line, with the request's id and shop, and no personal data."""

import logging
import sys

import msgspec
import structlog

_PERSONAL = frozenset({"email", "name", "phone", "address", "street", "password", "token", "to", "recipient"})


def _without_personal_data(_: object, __: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Whatever slips in under a personal name is masked."""
    for key in event.keys() & _PERSONAL:
        event[key] = "***"
    return event


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
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
