"""Who sits before the browser, on what, and what their browser complained about."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Response, WebError

PHONE = {"viewport": {"width": 360, "height": 780}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
DEVICES: dict[str, dict[str, Any]] = {"phone": PHONE, "desktop": DESKTOP}

PASSWORD = "tavola-demo"
BUYER = "anna@posta.example"
OIL_MILL = "bruno@frantoio-colle-ghiacciolo.example"
DAIRY = "carlo@caseificio-tre-torri.example"
STAFF = "dora@tavola.example"
ADMIN = "ada@tavola.example"

TIMEOUT_MS = 15_000
# Told again by the browser for each refused form (422) and each page that is absent (404); _saw_response judges those.
_STATUS_LINE = "Failed to load resource: the server responded with a status of"
_TELL_VIOLATIONS = """addEventListener("securitypolicyviolation",
    e => console.error("against the policy:", e.violatedDirective, e.blockedURI, e.sourceFile))"""


@dataclass
class People:
    """Opens browsers for the people of one test, and collects what goes wrong in any of them."""

    chromium: Browser
    base: str
    contexts: list[BrowserContext] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)
    forgiven: set[str] = field(default_factory=set)  # what the console may say, e.g. without a network

    async def enter(
        self,
        path: str | None = "/",
        *,
        on: str = "desktop",
        javascript: bool = True,
        scheme: str = "light",
        **more: Any,
    ) -> Page:
        """A person with a browser of their own, at `path` of the shop (None: on an empty page)."""
        context = await self.chromium.new_context(
            base_url=self.base,
            locale="it-IT",
            timezone_id="Europe/Rome",
            java_script_enabled=javascript,
            reduced_motion="reduce",
            color_scheme=scheme,
            **{**DEVICES[on], **more},
        )
        self.contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        if javascript:
            await context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._saw_console)
        context.on("weberror", self._saw_error)
        context.on("response", self._saw_response)
        page = await context.new_page()
        if path is not None:
            await page.goto(path)
        return page

    async def sign_in(self, email: str, path: str, **how: Any) -> Page:
        """A person who has signed in through the log-in page, and went on to `path`."""
        page = await self.enter(f"/accedi?dopo={path}", **how)
        await page.get_by_label("E-mail").fill(email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Entra").click()
        await page.wait_for_url(f"**{path}")
        return page

    async def photograph(self, folder: Path) -> None:
        """A picture and the HTML of every open page, for the one who looks into a failure."""
        folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240  (nothing else happens meanwhile)
        pages = [page for context in self.contexts for page in context.pages]
        for number, page in enumerate(pages, start=1):
            await page.screenshot(path=folder / f"{number}.png")
            (folder / f"{number}.html").write_text(f"<!-- {page.url} -->\n{await page.content()}")

    async def leave(self) -> None:
        for context in self.contexts:
            await context.close()

    def _saw_console(self, message: ConsoleMessage) -> None:
        forgiven = any(words in message.text for words in self.forgiven)
        if message.type == "error" and not message.text.startswith(_STATUS_LINE) and not forgiven:
            self.problems.append(f"console: {message.text} ({message.location.get('url')})")

    def _saw_error(self, error: WebError) -> None:
        self.problems.append(f"script: {error.error}")

    def _saw_response(self, response: Response) -> None:
        """Refused forms are part of the story. What is not there, and what fails, is not, unless a test expects it."""
        status = response.status
        if status >= 400 and status not in {409, 422} | self.expected:
            self.problems.append(f"{status} for {response.request.method} {response.url}")
