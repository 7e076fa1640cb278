"""Background work about money. Each is safe to run twice."""

from app.commerce.payments import recoveries, refunds, sweep, transfers, webhooks
from app.integrations.stripe import StripeGateway
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule


async def handle_event(work: Work, event_id: int) -> None:
    await webhooks.handle(work.database, work.own_shop, _stripe(work), event_id)


async def send_transfer(work: Work, transfer_id: int) -> None:
    await transfers.send(work.database, work.own_shop, _stripe(work), transfer_id)


async def recover(work: Work, recovery_id: int) -> None:
    await recoveries.recover(work.database, work.own_shop, _stripe(work), recovery_id)


async def refund_late(work: Work, payment_id: int) -> None:
    await refunds.refund_late(work.database, work.own_shop, _stripe(work), payment_id)


async def sweep_payments(work: Work) -> None:
    await sweep.sweep(work.database, work.own_shop, _stripe(work))


async def fetch_missed_events(work: Work) -> None:
    await webhooks.fetch_missed(work.database, work.own_shop, _stripe(work))


def _stripe(work: Work) -> StripeGateway:
    gateway: StripeGateway = work.tools["stripe"]
    return gateway


JOBS: dict[str, JobFunction] = {
    "payments.handle_event": handle_event,
    "payments.send_transfer": send_transfer,
    "payments.recover": recover,
    "payments.refund_late": refund_late,
    "payments.sweep": sweep_payments,
    "payments.fetch_missed_events": fetch_missed_events,
}
SCHEDULES: list[Schedule] = [
    Schedule("payments.sweep", minutes=2),
    Schedule("payments.fetch_missed_events", at=(4, 0)),
]
