"""Addresses that strangers write lead to public places only, however they are dressed up."""

import asyncio
from collections.abc import Sequence

import httpcore
import pytest

from app.integrations.strangers import Fetcher, Unreachable, checked, is_public

PUBLIC = "93.184.216.34"


def answer(body: bytes = b"picture", status: str = "200 OK", **headers: str) -> bytes:
    heads = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in heads.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


class Network(httpcore.AsyncNetworkBackend):
    """Answers in order; notes where connections go."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.went: list[tuple[str, int]] = []

    async def connect_tcp(self, host: str, port: int, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        self.went.append((host, port))
        return httpcore.AsyncMockStream([self.answers.pop(0)])

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


def names(**known: Sequence[str]):
    """A resolver: names without dots → addresses, one list for each time it is asked."""

    async def look_up(host: str) -> Sequence[str]:
        answers = known.get(host.partition(".")[0], ())
        if not answers:
            raise OSError("unknown")
        return answers

    return look_up


async def fetch(url: str, *answers: bytes, **known: Sequence[str]) -> tuple[bytes, Network]:
    network = Network(*answers)
    return await Fetcher(names(**known), network).fetch(url, 1000), network


async def test_a_public_file_is_fetched_from_the_address_that_was_looked_at() -> None:
    body, network = await fetch("https://cdn.example/vaso.jpg?v=1", answer(), cdn=[PUBLIC])

    assert body == b"picture"
    assert network.went == [(PUBLIC, 443)]


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
        *("64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:0:0:0:0:0:1", "::127.0.0.1", "no address", "198.18.0.1"),
    ],
)
async def test_what_lies_inside_is_never_reached(address: str) -> None:
    assert not is_public(address)
    network = Network(answer())

    with pytest.raises(Unreachable, match="non è pubblico"):
        await Fetcher(names(cdn=[address]), network).fetch("https://cdn.example/", 1000)
    assert network.went == []


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946", "8.8.8.8"])
def test_what_is_public_may_be_reached(address: str) -> None:
    assert is_public(address)


async def test_one_inner_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(Unreachable, match="non è pubblico"):
        await fetch("https://cdn.example/", answer(), cdn=[PUBLIC, "10.0.0.1"])


async def test_a_redirect_inside_is_refused() -> None:
    hop = answer(b"", "302 Found", Location="https://inside.example/secret")

    with pytest.raises(Unreachable, match="non è pubblico"):
        await fetch("https://cdn.example/", hop, answer(b"secret"), cdn=[PUBLIC], inside=["169.254.169.254"])


@pytest.mark.parametrize(
    "target", ["http://cdn.example/x", "file:///etc/passwd", "gopher://cdn.example/", "//u:p@cdn.example/"]
)
async def test_a_redirect_to_something_else_is_refused(target: str) -> None:
    with pytest.raises(Unreachable, match="https"):
        await fetch("https://cdn.example/", answer(b"", "301 Moved", Location=target), cdn=[PUBLIC])


async def test_redirects_are_followed_but_not_for_ever() -> None:
    hop = answer(b"", "307 Temporary Redirect", Location="/altro.jpg")

    body, network = await fetch("https://cdn.example/", hop, answer(b"there"), cdn=[PUBLIC])
    assert body == b"there"
    assert len(network.went) <= 2
    with pytest.raises(Unreachable, match="troppe volte"):
        await fetch("https://cdn.example/", *[hop] * 4, cdn=[PUBLIC])


async def test_a_name_that_answers_otherwise_the_second_time_leads_nowhere_else() -> None:
    """DNS rebinding: the connection goes to the address of the only look-up there is."""
    asked: list[str] = []

    async def rebinding(host: str) -> Sequence[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    network = Network(answer())
    await Fetcher(rebinding, network).fetch("https://cdn.example/", 1000)

    assert (len(asked), network.went) == (1, [(PUBLIC, 443)])


@pytest.mark.parametrize(
    "url",
    [
        *("http://cdn.example/", "https://user@cdn.example/", "https://u:p@cdn.example/", "https://cdn.example:8443/"),
        *("ftp://cdn.example/", "javascript:alert(1)", "https://", "https://cdn.example/a b", "https://[::1", ""),
        "https://cdn.example/" + "x" * 10_000,
        "https://cdn.example/a\r\nHost: evil",
    ],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(Unreachable):
        checked(url)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://CDN.example", "https://cdn.example/"),
        ("https://caffè.example/è.jpg?q=ù#x", "https://xn--caff-8oa.example/%C3%A8.jpg?q=%C3%B9"),
        ("https://cdn.example:443/a", "https://cdn.example/a"),
        ("https://[2606:2800::1]/a", "https://[2606:2800::1]/a"),
    ],
)
def test_an_address_is_written_plainly(url: str, plain: str) -> None:
    assert checked(url) == plain


async def test_literal_inner_addresses_in_any_writing_are_refused() -> None:
    async def as_written(host: str) -> Sequence[str]:
        return ["127.0.0.1"] if host in {"2130706433", "0x7f.1", "127.1", "localhost"} else [host]

    for url in ("https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://localhost/", "https://[::1]/"):
        with pytest.raises(Unreachable, match="non è pubblico"):
            await Fetcher(as_written, Network(answer())).fetch(url, 1000)


async def test_too_much_is_left_off_in_the_middle() -> None:
    with pytest.raises(Unreachable, match="troppo pesante"):
        await fetch("https://cdn.example/", answer(b"x" * 1001), cdn=[PUBLIC])


async def test_errors_and_silence_are_told() -> None:
    with pytest.raises(Unreachable, match="404"):
        await fetch("https://cdn.example/", answer(b"", "404 Not Found"), cdn=[PUBLIC])
    with pytest.raises(Unreachable, match="non risponde"):
        await fetch("https://nowhere.example/", answer())
    with pytest.raises(Unreachable, match="non risponde"):
        await fetch("https://cdn.example/", b"nonsense\r\n\r\n", cdn=[PUBLIC])


async def test_a_site_that_never_answers_is_given_up() -> None:
    async def never(host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return [host]

    with pytest.raises(Unreachable, match="in tempo"):
        await Fetcher(never, Network(), seconds=0).fetch("https://cdn.example/", 1000)
