"""Fetch a file from, or post to, an address that a stranger wrote: https only, never inside our own network (SSRF).

The name is resolved here and the connection goes to the address that was looked at, so that a name which answers
otherwise the second time (DNS rebinding) leads nowhere else. Each redirect is looked at again. Source: OWASP, Server
Side Request Forgery Prevention.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import httpcore
import structlog

from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _

log = structlog.get_logger()
T = TypeVar("T")
SECONDS = 20  # for all of it
MOST_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
LONGEST = 2000
HEADERS = ((b"User-Agent", b"Tavola (product import)"), (b"Accept", b"image/*"), (b"Accept-Encoding", b"identity"))
_FAULTS = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError)  # SSLError is one
Resolve = Callable[[str], Awaitable[Sequence[str]]]
_INSIDE = tuple(  # reach another address than they show: IPv4 in IPv6 (NAT64, 6to4, Teredo)
    ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)


class Unreachable(Refused):
    """It could not be reached; the message says why."""


class NotPublic(Unreachable):
    """It lies inside: no later try would help."""


async def resolve(host: str) -> Sequence[str]:
    """The addresses of a name. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return [str(address[0]) for _family, _type, _proto, _name, address in found]


def is_public(address: str) -> bool:
    """May strangers send us there? Not to ourselves, our network, the cloud's own services or to many at once."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if any(ip in net for net in _INSIDE if net.version == 6):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects only to public addresses; TLS still asks for the name."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend, look_up: Resolve) -> None:
        self.backend = backend
        self.look_up = look_up

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self.look_up(host)
        except OSError as fault:
            raise httpcore.ConnectError(str(fault)) from fault
        if not addresses or not all(is_public(address) for address in addresses):
            log.warning("strangers.inside", host=host)
            raise NotPublic(_("Questo indirizzo non è pubblico."))
        return await self.backend.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        raise Unreachable(_("Questo indirizzo non è pubblico.")) from OSError(path)

    async def sleep(self, seconds: float) -> None:
        await self.backend.sleep(seconds)


class Fetcher:
    """look_up, backend: replaced by tests."""

    def __init__(
        self,
        look_up: Resolve = resolve,
        backend: httpcore.AsyncNetworkBackend | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self.backend = _Guarded(backend or httpcore.AnyIOBackend(), look_up)
        self.seconds = seconds

    async def fetch(self, url: str, most: int) -> bytes:
        """The file. Raises Unreachable, with why: not https, not public, not there, too slow, over `most` bytes."""
        return await self._in_time(self._follow(url, most))

    async def post(self, url: str, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> int:
        """Hand something over there; the status of the answer, which is not read. A redirect is not followed.

        Raises Unreachable as `fetch`: not https, not public (NotPublic), not there, too slow.
        """
        return await self._in_time(self._hand_over(checked(url), headers, body))

    async def _in_time(self, deed: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self.seconds):
                return await deed
        except TimeoutError as fault:
            raise Unreachable(_("Il sito non risponde in tempo.")) from fault
        except _FAULTS as fault:
            raise Unreachable(_("Il sito non risponde.")) from fault

    async def _hand_over(self, url: str, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> int:
        context = ssl.create_default_context()
        sent = [(b"Host", urlsplit(url).netloc.encode()), *headers]
        async with (
            httpcore.AsyncConnectionPool(ssl_context=context, network_backend=self.backend) as pool,
            pool.stream("POST", url, headers=sent, content=body) as response,
        ):
            return response.status

    async def _follow(self, url: str, most: int) -> bytes:
        context = ssl.create_default_context()
        async with httpcore.AsyncConnectionPool(ssl_context=context, network_backend=self.backend) as pool:
            for _time in range(MOST_REDIRECTS + 1):
                body, onward = await self._once(pool, checked(url), most)
                if onward is None:
                    return body
                url = urljoin(url, onward)
        raise Unreachable(_("L’indirizzo rimanda altrove troppe volte."))

    async def _once(self, pool: httpcore.AsyncConnectionPool, url: str, most: int) -> tuple[bytes, str | None]:
        """(the body, None) or (nothing, where to go)."""
        headers = [(b"Host", urlsplit(url).netloc.encode()), *HEADERS]
        async with pool.stream("GET", url, headers=headers) as response:
            sent = {name.lower(): value for name, value in response.headers}
            if response.status in REDIRECTS:
                return b"", sent.get(b"location", b"").decode("latin-1")
            if response.status != 200:
                raise Unreachable(_("Il sito risponde con un errore: %(status)s.", status=response.status))
            body = bytearray()
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) > most:
                    raise Unreachable(_("Il file è troppo pesante."))
            return bytes(body), None


def checked(url: str) -> str:
    """The address in ASCII. Raises Unreachable when it is none for us."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except ValueError as fault:  # UnicodeError is one
        raise Unreachable(_("L’indirizzo non è scritto bene.")) from fault
    if parts.scheme.lower() != "https" or parts.username is not None or port not in {None, 443} or len(url) > LONGEST:
        raise Unreachable(_("Le immagini si prendono solo da indirizzi https."))
    if not host or any(ord(sign) <= 32 for sign in url.strip()):
        raise Unreachable(_("L’indirizzo non è scritto bene."))
    host = f"[{host}]" if ":" in host else host
    return parts._replace(
        scheme="https", netloc=host, path=_ascii(parts.path) or "/", query=_ascii(parts.query), fragment=""
    ).geturl()  # fmt: skip


def _ascii(text: str) -> str:
    return "".join(sign if sign.isascii() else "".join(f"%{byte:02X}" for byte in sign.encode()) for sign in text)
