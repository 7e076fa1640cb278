"""How a shop takes money: Stripe's own page or ours, and what is offered there: `features["payments"]` of its row.

    {"page": true, "apple_pay": false, "google_pay": true, "link": true, "sepa": false, "destination": false}

What is not said is as Stripe does it: its page, with everything that the account has switched on. Sources: payments.md
5.1 (payment_method_types is gone; what a shop does without is excluded), 5.8 (SEPA takes days: not for fresh goods).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.payments.models import CHECKOUT, PAGE
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person, ShopFacts
from app.settings import StripeSettings
from app.shops.models import Shop
from app.system import audit

FEATURE = "payments"


@dataclass(frozen=True)
class Ways:
    """page: our own payment page instead of Stripe's. Apple Pay, Google Pay: on our page; on Stripe's it decides.

    destination: where one producer's goods are paid, the charge goes to his account at once (strategies.py).
    """

    page: bool = False
    apple_pay: bool = True
    google_pay: bool = True
    link: bool = True
    sepa: bool = True
    destination: bool = False

    @property
    def way(self) -> str:
        return PAGE if self.page else CHECKOUT

    @property
    def without(self) -> tuple[str, ...]:
        """Stripe's names of the payment methods that are not offered."""
        return () if self.sepa else ("sepa_debit",)

    @property
    def wallets(self) -> dict[str, str]:
        """For the Payment Element: a wallet shows where the device has it, or never."""
        shown = {"applePay": self.apple_pay, "googlePay": self.google_pay, "link": self.link}
        return {name: "auto" if is_shown else "never" for name, is_shown in shown.items()}


def of(shop: ShopFacts) -> Ways:
    return read(shop.features)


def read(features: Mapping[str, object]) -> Ways:
    said = features.get(FEATURE)
    known = asdict(Ways())
    return Ways(**{name: bool(said.get(name, known[name])) for name in known}) if isinstance(said, Mapping) else Ways()


async def chosen(db: AsyncSession, shop_id: int) -> Ways:
    """As the row has it now; a shop's facts may be half a minute old."""
    return read(await db.scalar(select(Shop.features).where(Shop.id == shop_id)) or {})


async def choose(db: AsyncSession, shop_id: int, ways: Ways, stripe: StripeSettings, person: Person) -> None:
    """Have the shop take money in these ways from now on. Within a transaction; twice is harmless.

    Orders that wait for their payment already keep the page that they have. Raises Refused, beside `page`, where our
    page cannot work.
    """
    if ways.page and not stripe.publishable_key:
        raise Refused(_("Manca la chiave pubblicabile di Stripe: senza, la nostra pagina non si può aprire."), "page")
    shop = await db.get_one(Shop, shop_id, with_for_update={"key_share": True}, populate_existing=True)
    before = read(shop.features)
    if before == ways:
        return
    shop.features = {**shop.features, FEATURE: asdict(ways)}
    audit.by(db, person, "payments.ways.choose", ("shop", shop_id), asdict(before), asdict(ways))
