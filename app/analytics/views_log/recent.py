"""«Visti di recente»: the ids of the last products, in a signed cookie of the browser and nowhere else.

Set only in browsers that carry a cookie of ours already, because a first visit leaves nothing. It goes when the browser
is closed, when somebody signs out, or by the button «Dimentica».
"""

from collections.abc import Sequence

from itsdangerous import BadSignature, URLSafeSerializer

from app.web.visit import Visit

MOST = 12
LONGEST = 600  # characters; ours are far below


def ids(visit: Visit) -> list[int]:
    """Products, the last one first. A cookie that is not ours, or of another shop, is as good as none."""
    sealed = visit.cookie("seen")
    if not sealed or len(sealed) > LONGEST:
        return []
    try:
        found = _signer(visit).loads(sealed)
    except BadSignature:
        return []
    return [one for one in found if isinstance(one, int)][:MOST] if isinstance(found, list) else []


def remember(visit: Visit, product_id: int) -> None:
    """This product was looked at just now. Does nothing in a browser that has no cookie of ours."""
    before = ids(visit)
    if before[:1] == [product_id] or not may_remember(visit):
        return
    _keep(visit, [product_id, *(one for one in before if one != product_id)][:MOST])


def may_remember(visit: Visit) -> bool:
    return any(visit.cookie(name) for name in ("session", "cart", "seen"))


def forget(visit: Visit) -> None:
    """Does nothing in a browser that remembers nothing."""
    if visit.cookie("seen"):
        visit.forget_cookie("seen")


def _keep(visit: Visit, product_ids: Sequence[int]) -> None:
    visit.set_cookie("seen", _signer(visit).dumps(list(product_ids)))


def _signer(visit: Visit) -> URLSafeSerializer:
    return URLSafeSerializer(visit.settings.secret_key, salt=f"seen:{visit.shop.id}")
