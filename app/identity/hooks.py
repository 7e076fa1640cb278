"""Who else wants to know that somebody signed in or out, e.g. the basket. Filled in by main."""

from collections.abc import Awaitable, Callable

from app.web.visit import Visit

Hook = Callable[[Visit, int], Awaitable[str | None]]
Leaving = Callable[[Visit], None]
_hooks: list[Hook] = []
_at_leaving: list[Leaving] = []


def on_sign_in(hook: Hook) -> None:
    """hook(visit, user id) runs after the session is begun, in a transaction of its own; may return a sentence."""
    if hook not in _hooks:
        _hooks.append(hook)


async def signed_in(visit: Visit, user_id: int) -> list[str]:
    """Run the hooks; the sentences to tell the person."""
    said = [await hook(visit, user_id) for hook in _hooks]
    return [sentence for sentence in said if sentence]


def on_sign_out(hook: Leaving) -> None:
    """hook(visit) runs when somebody signs out: what the browser knew of them goes with them."""
    if hook not in _at_leaving:
        _at_leaving.append(hook)


def signed_out(visit: Visit) -> None:
    for hook in _at_leaving:
        hook(visit)
