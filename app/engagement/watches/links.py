"""Signed links in mails about alerts: to confirm one, and to end all of an address. No address stands in them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from app.kernel import clock
from app.kernel.errors import NotFound
from app.settings import Settings

CONFIRM_LIFE = timedelta(hours=48)


@dataclass(frozen=True)
class Claim:
    """What a confirmation is for: an alert by its key, as it was asked for at a moment (seconds since 1970, UTC)."""

    key: str
    at_most_minor: int | None
    locale: str
    asked: int

    @property
    def is_late(self) -> bool:
        return clock.now().timestamp() > self.asked + CONFIRM_LIFE.total_seconds()


def confirm_path(settings: Settings, shop_id: int, claim: Claim) -> str:
    """The page where an address confirms, without language prefix."""
    sealed = _seal(settings, "alert.confirm").dumps(
        [shop_id, claim.key, claim.at_most_minor, claim.locale, claim.asked]
    )
    return f"/avvisi/conferma/{sealed!s}"


def claim_of(settings: Settings, shop_id: int, token: str) -> Claim:
    """What a token claims. Raises NotFound for one that we did not make, or made for another shop."""
    shop, key, at_most, locale, asked = _open(settings, "alert.confirm", token)
    if shop != shop_id:
        raise NotFound
    return Claim(key, at_most, locale, asked)


def stop_path(settings: Settings, shop_id: int, key: str) -> str:
    """The page where an address ends all of its alerts, without language prefix. It holds for ever."""
    sealed = _seal(settings, "alert.stop").dumps([shop_id, key])
    return f"/avvisi/basta/{sealed!s}"


def stopped_key(settings: Settings, shop_id: int, token: str) -> str:
    """The key of the alert whose mail a token stood in. Raises NotFound as `claim_of`."""
    shop, key = _open(settings, "alert.stop", token)
    if shop != shop_id:
        raise NotFound
    return str(key)


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _seal(settings: Settings, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt=purpose)


def _open(settings: Settings, purpose: str, token: str) -> list[Any]:
    try:
        return list(_seal(settings, purpose).loads(token))
    except BadSignature:
        raise NotFound from None
