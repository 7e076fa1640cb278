"""A push service on this machine and a browser that reads what it brings: the stand-ins for web push."""

import asyncio
import hashlib
import hmac
import json
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpcore
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select

from app.identity.push.models import PushSubscription
from app.integrations import sealing
from app.integrations.strangers import Fetcher
from tests.cast import Browser, TestShop

PUBLIC = "93.184.216.34"
HOST = "push.example"


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Device:
    """A browser with notifications on. It opens what is sealed for it by the letters of RFC 8291, not with our code."""

    name: str = "uno"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"0123456789abcdef"

    @property
    def form(self) -> dict[str, str]:
        return {
            "endpoint": f"https://{HOST}/wpush/{self.name}",
            "p256dh": sealing.text(sealing.point(self.key)),
            "auth": sealing.text(self.auth),
        }

    def read(self, body: bytes) -> Any:
        return json.loads(self.open(body))

    def open(self, body: bytes) -> bytes:
        salt, (record, length) = body[:16], struct.unpack("!IB", body[16:21])
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        assert (length, len(body) <= record) == (65, True)
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
        secret = _hkdf(self.auth, shared, b"WebPush: info\x00" + sealing.point(self.key) + theirs, 32)
        key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
        nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\x00", 12)
        message = AESGCM(key).decrypt(nonce, sealed, None)
        assert message.endswith(b"\x02"), "the last record says so"
        return message[:-1]


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    drawn = hmac.digest(salt, secret, hashlib.sha256)
    return hmac.digest(drawn, info + b"\x01", hashlib.sha256)[:length]


@dataclass
class PushService:
    """Answers over HTTP, in order, and at last always 201. fetcher: reaches it, and nothing else, by a public name."""

    answers: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    addresses: Sequence[str] = (PUBLIC,)

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.fetcher = Fetcher(self._look_up, _Wire(self.server.sockets[0].getsockname()[1]), seconds=5)

    async def stop(self) -> None:
        self.server.close()
        await self.server.wait_closed()

    async def _look_up(self, host: str) -> Sequence[str]:
        if host != HOST:
            raise OSError(host)
        return self.addresses

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.received.append(Received(request.split()[1], headers, body))
        status = self.answers.pop(0) if self.answers else 201
        writer.write(f"HTTP/1.1 {status} So\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


class _Wire(httpcore.AnyIOBackend):
    """Every connection ends at the stand-in, without TLS."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def connect_tcp(self, host: str, port: int, *rest: Any, **more: Any) -> httpcore.AsyncNetworkStream:
        assert (host, port) == (PUBLIC, 443)
        return _Plain(await super().connect_tcp("127.0.0.1", self.port, *rest, **more))


class _Plain(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self.read, self.write, self.aclose = stream.read, stream.write, stream.aclose  # type: ignore[method-assign]

    async def start_tls(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        return self

    def get_extra_info(self, _: str) -> None:
        return None


@asynccontextmanager
async def bringing(shop: TestShop) -> AsyncIterator[PushService]:
    """The application's messages go to a stand-in of this test's own."""
    service, push = PushService(), shop.app.app.state.push  # type: ignore[attr-defined]
    await service.start()
    before, push.fetcher = push.fetcher, service.fetcher
    push.breakers.clear()
    try:
        yield service
    finally:
        push.fetcher = before
        push.breakers.clear()
        await service.stop()


async def subscriptions(shop: TestShop) -> list[PushSubscription]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(PushSubscription).order_by(PushSubscription.id)))


async def turn_on(browser: Browser, device: Device, path: str = "/profilo/notifiche-browser") -> None:
    assert (await browser.post(path, device.form)).status_code == 303
