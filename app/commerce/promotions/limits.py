"""How often, and for whom."""

from app.commerce.promotions import models
from app.commerce.promotions.models import Promotion
from app.commerce.promotions.sale import Buyer, No, Uses


def refusal(promotion: Promotion, uses: Uses, buyer: Buyer) -> No | None:
    """Why this buyer may not have it (any more), or None. What nobody knows yet is not held against anybody."""
    if (no := _customer_refusal(promotion, buyer)) is not None:
        return no
    if uses.code_limit is not None and uses.code >= uses.code_limit:
        return No("code_used")
    if _is_reached(promotion.limit_total, uses.total):
        return No("used_up")
    if _is_reached(promotion.limit_day, uses.today):
        return No("used_today")
    if _is_reached(per_buyer(promotion), uses.buyer):
        return No("used_by_you")
    return None


def _customer_refusal(promotion: Promotion, buyer: Buyer) -> No | None:
    match promotion.customers:
        case models.ACCOUNT if not buyer.has_account:
            return No("account")
        case models.GROUP if not buyer.has_account:
            return No("group_account")
        case models.GROUP if promotion.customer_group_id not in buyer.groups:
            return No("group")
        case models.FIRST if buyer.has_bought:
            return No("not_first")
    return None


def per_buyer(promotion: Promotion) -> int | None:
    """A first order happens once, whatever else the limit says."""
    return 1 if promotion.customers == models.FIRST else promotion.limit_buyer


def _is_reached(limit: int | None, used: int) -> bool:
    return limit is not None and used >= limit
