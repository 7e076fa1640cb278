"""Orders paid at the sandbox, their parts sent on: what disputes, payouts and the books are tested with."""

from tests.commerce.props import Placed, settle


async def buy(order: Placed) -> Placed:
    """Pay an order and do all that follows from it."""
    await order.stripe.pay(await order.session_id())
    await settle(order)
    await order.shop.run_jobs()
    await order.stripe.control("webhooks/drop")
    return order


async def contest(order: Placed, **how: object) -> str:
    """Have the buyer's bank dispute the payment; the dispute's id."""
    made = await order.stripe.control("disputes", session=(await order.payment()).session_id, **how)
    return str(made["id"])


async def end(order: Placed, dispute: str, outcome: str) -> None:
    """won | lost | warning_closed"""
    await order.stripe.control(f"disputes/{dispute}/close", outcome=outcome)


async def tell_again(order: Placed) -> None:
    """Have Stripe's news that the order was paid delivered once more."""
    session = (await order.payment()).session_id
    for event in (await order.stripe.look("events"))["data"]:
        if event["type"] == "checkout.session.completed" and event["data"]["object"]["id"] == session:
            await order.stripe.control("webhooks/duplicate", event=event["id"])
    await order.stripe.deliver()
