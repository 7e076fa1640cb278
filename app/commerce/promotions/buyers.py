"""Who uses a promotion: by account, else by address. The address itself is not kept."""

from app.kernel import ids


def key(user_id: int | None, email: str) -> str | None:
    """What the uses of a buyer are counted by; None while nobody has said who it is.

    Capitals make no other person: no provider gives `Anna@` and `anna@` to two people.
    """
    if user_id is not None:
        return f"u:{user_id}"
    return f"e:{ids.token_hash(email.strip().lower())}" if email.strip() else None


def scopes(buyer: str, day: str) -> list[str]:
    """Where one use counts (PromotionCount.scope)."""
    return ["all", f"buyer:{buyer}", f"day:{day}"]


def folded(code: str) -> str:
    """A code as it is looked up: capitals, without spaces and hyphens."""
    return "".join(sign for sign in code.upper() if sign.isalnum())[:40]
