"""Who else wants to know that somebody signed in, e.g. the basket. Filled in by main."""

from collections.abc import Awaitable, Callable

from app.web.visit import Visit

Hook = Callable[[Visit, int], Awaitable[str | None]]
_hooks: list[Hook] = []


def on_sign_in(hook: Hook) -> None:
    """hook(visit, user id) runs after the session is begun, in a transaction of its own; may return a sentence."""
    if hook not in _hooks:
        _hooks.append(hook)


async def signed_in(visit: Visit, user_id: int) -> list[str]:
    """Run the hooks; the sentences to tell the person."""
    said = [await hook(visit, user_id) for hook in _hooks]
    return [sentence for sentence in said if sentence]
