"""What each page costs: requests a second, CPU, queries and bytes, beside a plain text of the same server.

python bench/pages.py. CPU is the server's and the database's, one request at a time, the least of several batches; the
asking process is not in it. Times are of this machine: compare the ratios. Nothing is asserted but that pages answer.
"""

import itertools
import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median, quantiles

from selectolax.lexbor import LexborHTMLParser

from bench.buying import add_forms, html_of
from bench.client import Answer, Connection, Visitor
from bench.serve import Running, serve

BATCH = 40
MOST_BATCHES = 12
SECONDS_ALONE = 3.5  # for one page, one request at a time
SECONDS_TOGETHER = 2.0
TOGETHER = 8
BASKET_LINES = 3
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "dialog#drawer", "Sec-Fetch-Mode": "cors"}


@dataclass(frozen=True)
class Page:
    """Something to ask for. make: so many requests, ready to send."""

    name: str
    make: Callable[[int], list[bytes]]


@dataclass(frozen=True)
class Cost:
    """Milliseconds, but for requests a second, queries and bytes."""

    alone: float
    together: float
    p50: float
    p95: float
    cpu: float
    cpu_database: float
    queries: str
    size: int


def main() -> int:
    with serve() as server:
        print(f"One worker on {server.database}. Times in ms; CPU of server and database for one request.\n")
        width = (28, 8, 10, 8, 8, 8, 10, 9, 9, 10)
        heads = ("", "req/s", f"req/s x{TOGETHER}", "p50", "p95", "CPU", "of it DB", "x plain", "queries", "bytes br")
        print("".join(head.rjust(w) if w != width[0] else head.ljust(w) for head, w in zip(heads, width, strict=True)))
        plain, failed = 0.0, 0
        for page in _pages(server):
            try:
                cost = measure(server, page)
            except (ConnectionError, TimeoutError, ValueError) as fault:
                print(f"{page.name:24} {fault}", flush=True)
                failed += 1
                continue
            plain = plain or cost.cpu
            row = (
                f"{cost.alone:.0f}",
                f"{cost.together:.0f}",
                f"{cost.p50:.2f}",
                f"{cost.p95:.2f}",
                f"{cost.cpu:.2f}",
                f"{cost.cpu_database:.2f}",
                f"{cost.cpu / plain:.1f}",
                cost.queries or "-",
                str(cost.size),
            )
            print(
                page.name.ljust(width[0]) + "".join(v.rjust(w) for v, w in zip(row, width[1:], strict=True)), flush=True
            )
    return 1 if failed else 0


def _pages(server: Running) -> list[Page]:
    """The pages to measure, plain text first; found by walking the shop as a visitor."""
    anna = Visitor(server)
    line = Connection(server)
    listing = html_of(line.ask(anna.get("/prodotti")))
    product = _first_product(listing)
    forms = add_forms(listing)
    for action, data in forms[:BASKET_LINES]:
        anna.remember(line.ask(anna.post(action, data)))
    anna.remember(line.ask(anna.get("/carrello")))  # which reads out what the last press had to say
    checkout = line.ask(anna.get("/cassa"))
    checkout_path = re.sub(r"^https?://[^/]+", "", checkout.header("location")) or "/cassa"
    line.close()

    def same(path: str, visitor: Visitor | None = None) -> Callable[[int], list[bytes]]:
        return lambda n: [(visitor or Visitor(server)).get(path)] * n

    turns = itertools.count()

    def anew(path: str) -> Callable[[int], list[bytes]]:
        """The same page under addresses that nobody has asked for: it is made, not kept.

        With {turn} in it, what it counts is new too; else that may be noted from the page before (Visit.noted).
        """
        joint = "&" if "?" in path else "?"
        return lambda n: [
            Visitor(server).get(f"{path.format(turn=turn)}{joint}giro={turn}") for turn in itertools.islice(turns, n)
        ]

    return [
        Page("plain text", same("/health/plain")),
        Page("home, kept", same("/")),
        Page("listing, kept, with basket", same("/prodotti", anna)),
        Page("product, kept", same(product)),
        Page("home", anew("/")),
        Page("listing", anew("/prodotti")),
        Page("listing, facets counted", anew("/prodotti?prezzo-a={turn}")),
        Page("listing, three facets", anew("/prodotti?provincia=RA&provincia=FC&disponibili=1&prezzo-a={turn}")),
        Page("product", anew(product)),
        Page("search", anew("/cerca?q=parmigiano")),
        Page("search, misspelt", anew("/cerca?q=parmiggiano")),
        Page(f"basket, {len(forms[:BASKET_LINES])} lines", same("/carrello", anna)),
        Page("add to basket (htmx)", lambda n: _additions(server, forms, n)),
        Page("checkout", same(checkout_path, anna)),
    ]


def _additions(server: Running, forms: list[tuple[str, dict[str, str]]], n: int) -> list[bytes]:
    """For each of n visitors who have one thing in their basket: the request that puts in a second."""
    if len(forms) < BASKET_LINES:
        raise ValueError("the listing has too few forms that add to the basket")
    line, requests = Connection(server), []
    for _ in range(n):
        visitor = Visitor(server)
        visitor.remember(line.ask(visitor.post(*forms[0])))
        requests.append(visitor.post(forms[1][0], forms[1][1], **HTMX))
    line.close()
    return requests


def measure(server: Running, page: Page) -> Cost:
    """Ask again and again, alone and then several at once. Raises ValueError when it does not answer 200."""
    line = Connection(server)
    last = Answer(0, [], b"")
    for request in page.make(BATCH):  # warm
        last = _good(line.ask(request))
    times: list[float] = []
    costs: list[tuple[float, float]] = []
    speeds: list[float] = []
    until = time.monotonic() + SECONDS_ALONE
    while len(costs) < MOST_BATCHES and (len(costs) < 3 or time.monotonic() < until):
        requests = page.make(BATCH)
        before, began = server.cpu_seconds(), time.perf_counter()
        for request in requests:
            sent = time.perf_counter()
            last = _good(line.ask(request))
            times.append(time.perf_counter() - sent)
        took, after = time.perf_counter() - began, server.cpu_seconds()
        costs.append((after[0] - before[0], after[1] - before[1]))
        speeds.append(BATCH / took)
    line.close()
    cpu, database = min(costs, key=sum)
    return Cost(
        alone=max(speeds),
        together=_together(server, page),
        p50=median(times) * 1000,
        p95=quantiles(times, n=20)[-1] * 1000,
        cpu=(cpu + database) / BATCH * 1000,
        cpu_database=database / BATCH * 1000,
        queries=last.header("x-queries"),
        size=len(last.body),
    )


def _together(server: Running, page: Page) -> float:
    """The most requests a second with TOGETHER visitors at once."""
    best, until = 0.0, time.monotonic() + SECONDS_TOGETHER
    lines = [Connection(server) for _ in range(TOGETHER)]
    with ThreadPoolExecutor(TOGETHER) as pool:
        rounds = 0
        while rounds < 2 or time.monotonic() < until:
            requests = page.make(BATCH * TOGETHER // 2)
            shares = [requests[i::TOGETHER] for i in range(TOGETHER)]
            began = time.perf_counter()
            list(pool.map(lambda pair: [_good(pair[0].ask(r)) for r in pair[1]], zip(lines, shares, strict=True)))
            best = max(best, len(requests) / (time.perf_counter() - began))
            rounds += 1
    for line in lines:
        line.close()
    return best


def _good(answer: Answer) -> Answer:
    if answer.status != 200:
        raise ValueError(f"answered {answer.status} {answer.header('location')}".rstrip())
    return answer


def _first_product(listing: LexborHTMLParser) -> str:
    links = (node.attributes.get("href") or "" for node in listing.css("a[href]"))
    return next((href for href in links if re.fullmatch(r"/prodotti/[\w-]+", href)), "/prodotti/none")


if __name__ == "__main__":
    sys.exit(main())
