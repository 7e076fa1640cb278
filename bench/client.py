"""A small HTTP/1.1 client on a plain socket, so that asking costs little beside answering."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from bench.serve import Running

TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header; "" if it is not there."""
        return next((value for key, value in self.headers if key == name), "")


class Connection:
    """One connection, kept alive, one request at a time."""

    def __init__(self, server: Running) -> None:
        self._socket = socket.create_connection((server.host, server.port), timeout=TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def ask(self, request: bytes) -> Answer:
        """Send a whole request and read its answer, which must say its length."""
        self._socket.sendall(request)
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        status_line, *lines = data[:end].decode("latin-1").split("\r\n")
        headers = [(k.lower(), v.strip()) for k, _, v in (line.partition(":") for line in lines)]
        length = next((int(v) for k, v in headers if k == "content-length"), 0)
        if any(k == "transfer-encoding" for k, _ in headers):
            raise ValueError("the answer does not say its length")
        body = data[end + 4 :]
        while len(body) < length:
            body += self._more()
        self._rest = body[length:]
        return Answer(int(status_line.split(" ")[1]), headers, body[:length])

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> bytes:
        more = self._socket.recv(1 << 18)
        if not more:
            raise ConnectionError("the server hung up")
        return more


@dataclass
class Visitor:
    """Somebody with a cookie jar who makes requests as a browser would."""

    server: Running
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> bytes:
        """The bytes of a GET."""
        return self._request("GET", path, {"Sec-Fetch-Site": "none", **headers}, b"")

    def post(self, path: str, data: Mapping[str, str], **headers: str) -> bytes:
        """The bytes of a form sent from a page of the same site."""
        body = urlencode(data).encode()
        own = {
            "Origin": self.server.url,
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        }
        return self._request("POST", path, {**own, **headers}, body)

    def remember(self, answer: Answer) -> Answer:
        """Put the answer's cookies into the jar, and take out those that it ends."""
        for name, value in answer.headers:
            if name == "set-cookie" and (match := re.match(r"([^=;\s]+)=([^;]*)", value)):
                if "; max-age=0" in value.lower():
                    self.cookies.pop(match[1], None)
                else:
                    self.cookies[match[1]] = match[2]
        return answer

    def _request(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        sent = {
            "Host": f"{self.server.host}:{self.server.port}",
            "Accept": "text/html",
            "Accept-Encoding": "br",
            "Accept-Language": "it",
            **headers,
        }
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body
