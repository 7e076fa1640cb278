"""A real server, a real Chromium, and pictures of what was on the screen when a test fails."""

import re
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.people import TIMEOUT_MS, People
from tests.browser.server import Website, running
from tools import chromium as installed

# Debian's Chromium, never a downloaded one; see design: stack, section 11.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_failed = pytest.StashKey[bool]()
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="session")
async def website(tmp_path_factory: pytest.TempPathFactory, worker_name: str) -> AsyncIterator[Website]:
    """The shop, as `make run` starts it."""
    async with running(tmp_path_factory.mktemp("website"), worker_name) as site:
        yield site


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = installed.find()
    if path is None:
        pytest.fail("No Chromium: run python tools/chromium.py, or set CHROMIUM to its path.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def people(request: pytest.FixtureRequest, website: Website, chromium: Browser) -> AsyncIterator[People]:
    """Opens browsers; at the end nothing may have gone wrong in any of them."""
    people = People(chromium, website.base)
    yield people
    if people.problems or request.node.stash.get(_failed, False):
        await people.photograph(_pictures(request.node))
    await people.leave()
    assert not people.problems, "\n".join([*people.problems, f"what was on the screen: {_pictures(request.node)}"])


def _pictures(item: pytest.Item) -> Path:
    """Where pictures of a failure are put."""
    return Path(gettempdir()) / "tavola-pictures" / re.sub(r"\W+", "-", item.name).strip("-")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that a test failed, and name the folder of pictures in its report."""
    report = yield
    if report.when == "call" and report.failed and "people" in getattr(item, "fixturenames", ()):
        item.stash[_failed] = True
        report.sections.append(("Pictures", f"what was on the screen: {_pictures(item)}"))
    return report
