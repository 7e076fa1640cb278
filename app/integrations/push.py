"""Web push: hand a short message to the push service of a browser (RFC 8030), which brings it there.

The address of the service comes from a browser, so from a stranger: it is reached as strangers' addresses are.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.integrations import sealing
from app.integrations.breaker import Breaker
from app.integrations.strangers import Fetcher, NotPublic, Unreachable
from app.settings import Settings

SECONDS = 10
WAITS = 86400  # seconds that a service keeps a message for a browser that is switched off
MOST_SERVICES = 500  # whose faults we remember


class PushLater(Exception):
    """The service does not take it now: another time it may."""


class PushGone(Exception):
    """There is no such browser any more."""


class PushRefused(Exception):
    """The service will not take it from us; trying again changes nothing."""


@dataclass(frozen=True)
class Receiver:
    """A browser, as it described itself: the address of its push service and the two halves of what seals for it."""

    endpoint: str
    p256dh: str
    auth: str


class Push:
    """Sends in our name. fetcher: replaced by tests."""

    def __init__(self, private_key: str, fetcher: Fetcher | None = None) -> None:
        """private_key: as `sealing.new_key` writes one. Raises ValueError for another thing."""
        self.key = sealing.private_key(private_key)
        self.fetcher = fetcher or Fetcher(seconds=SECONDS)
        self.breakers: defaultdict[str, Breaker] = defaultdict(Breaker)

    @property
    def public_key(self) -> str:
        """What a browser must be told, so that nobody else can send to it (applicationServerKey)."""
        return sealing.text(sealing.point(self.key))

    async def send(self, receiver: Receiver, message: bytes, *, contact: str, topic: str, is_urgent: bool) -> None:
        """Raises PushLater, PushGone or PushRefused.

        contact: mail of whoever answers for us. topic: a message of the same one that still waits is replaced.
        """
        service = urlsplit(receiver.endpoint)
        breaker = self._breaker(service.netloc)
        if breaker.is_open:
            raise PushLater(f"{service.netloc} fails; it is left alone for a while")
        headers = [
            (b"Authorization", sealing.named(self.key, f"https://{service.netloc}", contact).encode()),
            (b"Content-Encoding", b"aes128gcm"),
            (b"Content-Type", b"application/octet-stream"),
            (b"TTL", b"%d" % WAITS),
            (b"Urgency", b"high" if is_urgent else b"normal"),
            (b"Topic", hashlib.sha256(topic.encode()).hexdigest()[:32].encode()),
        ]
        try:
            status = await self.fetcher.post(
                receiver.endpoint, headers, sealing.sealed(message, receiver.p256dh, receiver.auth)
            )
        except NotPublic as inside:
            raise PushGone(inside.message) from inside
        except Unreachable as fault:
            breaker.failed()
            raise PushLater(fault.message) from fault
        _judge(status, breaker)

    def _breaker(self, service: str) -> Breaker:
        """One for each service: who registers a broken one takes nothing from the others."""
        if len(self.breakers) > MOST_SERVICES:
            self.breakers.clear()
        return self.breakers[service]


def _judge(status: int, breaker: Breaker) -> None:
    if status == 429 or status >= 500:
        breaker.failed()
        raise PushLater(f"answered {status}")
    breaker.worked()
    if status in {404, 410}:
        raise PushGone(f"answered {status}")
    if not 200 <= status < 300:
        raise PushRefused(f"answered {status}")


def open_push(settings: Settings) -> Push | None:
    """The sender, or None where there is no key to name ourselves by. On a local machine one is made, once."""
    if settings.vapid_private_key:
        return Push(settings.vapid_private_key)
    return Push(_local_key(settings.data_dir / "vapid.key")) if settings.is_local else None


def _local_key(file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x") as fresh:
            fresh.write(sealing.new_key())
    except FileExistsError:
        pass
    else:
        file.chmod(0o600)
    return file.read_text()
