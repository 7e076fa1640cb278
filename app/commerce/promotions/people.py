"""How often somebody has used a promotion, whether signed in or not: by account and by address together.

Whoever orders once signed in and once as a guest under the same address is one person; so is a guest whose address
belongs to an account that somebody has verified. Capitals make no other address.
"""

from typing import Any

from sqlalchemy import Select, func, or_, select

from app.commerce.orders.models import OrderGroup
from app.commerce.promotions.models import PromotionUse
from app.identity.models import User


def uses_of(promotion_id: Any, user_id: Any, emails: Any) -> Select[int]:
    """The number of uses that are taken. Each may be a value, a column or a bound parameter.

    emails: in lower case, none while nobody has said one. To be narrowed further by columns of OrderGroup.
    """
    under_his_address = select(func.lower(User.email)).where(User.id == user_id)
    owners = select(User.id).where(func.lower(User.email).in_(emails), User.verified_at.is_not(None))
    return (
        select(func.count(PromotionUse.id))
        .join(OrderGroup, OrderGroup.id == PromotionUse.group_id)
        .where(
            PromotionUse.promotion_id == promotion_id,
            PromotionUse.state == "taken",
            or_(
                OrderGroup.user_id == user_id,
                OrderGroup.user_id.in_(owners),
                func.lower(OrderGroup.email).in_(emails),
                func.lower(OrderGroup.email).in_(under_his_address),
            ),
        )
    )
