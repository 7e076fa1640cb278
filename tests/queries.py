"""Count the statements of a request."""

from tests.cast import Answer, Browser


async def queries_of(browser: Browser, path: str, **headers: str) -> tuple[Answer, int]:
    """(the answer, how many statements it took when everything was warm)."""
    await browser.get(path, **headers)
    answer = await browser.get(path, **headers)
    return answer, int(answer.headers["x-queries"])
