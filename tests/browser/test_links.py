"""No link leads nowhere: every address that the pages of the journey name can be opened."""

from urllib.parse import urljoin, urlsplit

import pytest

from tests.browser.people import OIL_MILL, STAFF, People
from tests.browser.steps import PARMIGIANO_PATH, buy

pytestmark = pytest.mark.browser
SHOP_PAGES = (
    "/",
    "/prodotti",
    "/categorie/olio",
    "/produttori",
    PARMIGIANO_PATH,
    "/cerca?q=olio",
    "/carrello",
    "/accedi",
)
ALL = "links => links.map(link => link.getAttribute('href'))"


async def test_no_link_leads_nowhere(people: People) -> None:
    page = await people.enter(None)
    bought = await buy(page, PARMIGIANO_PATH)
    await _follow(people, (*SHOP_PAGES, bought.url))


@pytest.mark.parametrize(("email", "paths"), [(OIL_MILL, ("/banco",)), (STAFF, ("/amministrazione",))])
async def test_no_link_of_a_desk_leads_nowhere(people: People, email: str, paths: tuple[str, ...]) -> None:
    await _follow(people, paths, email)


async def _follow(people: People, paths: tuple[str, ...], email: str | None = None) -> None:
    """Open `paths`, then ask once for every address of the shop that they name."""
    page = await (people.sign_in(email, "/profilo") if email else people.enter())
    found: dict[str, str] = {}
    for path in paths:
        await page.goto(path)
        for href in await page.locator("a[href]").evaluate_all(ALL):
            address = urljoin(page.url, href).partition("#")[0]
            if urlsplit(address).netloc == urlsplit(page.url).netloc:
                found.setdefault(address, path)
    dead = []
    for address, path in found.items():
        answer = await page.request.get(address)
        if answer.status != 200:
            dead.append(f"{answer.status}: {address} (on {path})")
    assert not dead, "\n".join(dead)
