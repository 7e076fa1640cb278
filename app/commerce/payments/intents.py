"""Payments on our own page: one PaymentIntent per attempt, found before another is made.

A declined card leaves the intent as it is, and the buyer tries again on the same one, so that two tabs, Back or a
second press can never take money twice: Stripe takes a PaymentIntent's amount once.
"""

import structlog

from app.commerce.payments import attempts
from app.commerce.payments.attempts import AlreadyPaid, NotPayable, Plan
from app.commerce.payments.settling import settle_intent
from app.integrations.stripe import Intent, PaymentRefused, PaymentUnreachable, StripeGateway
from app.kernel.db import Database
from app.kernel.tenancy import ShopFacts

log = structlog.get_logger()


async def open_intent(database: Database, shop: ShopFacts, gateway: StripeGateway, plan: Plan) -> Intent:
    """The PaymentIntent of an attempt on our page, made if need be, and brought up to what is due now.

    Raises AlreadyPaid, NotPayable, Refused (too small to be paid by card), PaymentUnreachable, Unavailable. No
    transaction may be open.
    """
    if plan.object_id is None:
        intent = await _made(database, shop, gateway, plan)
    else:
        intent = await gateway.retrieve_intent(plan.object_id)
    if intent.is_open and intent.amount_minor != plan.amount_minor:
        try:
            split = plan.intent.split if plan.intent else None
            intent = await gateway.update_intent(intent.id, amount_minor=plan.amount_minor, split=split)
        except PaymentRefused:
            log.info("payments.intent_moved")  # then settling says where to
            intent = await gateway.retrieve_intent(intent.id)
    if not intent.is_open:
        outcome = await settle_intent(database, shop, gateway, intent.id)
        raise AlreadyPaid if outcome.is_good else NotPayable
    return intent


async def leave(database: Database, shop: ShopFacts, gateway: StripeGateway, plan: Plan) -> None:
    """End the intents of our page before Stripe's own page opens. Raises AlreadyPaid when one of them was paid.

    The attempt at Stripe's page is there by now, so the order lives on when its intent ends.
    """
    for intent_id in plan.leave:
        try:
            await end(gateway, intent_id)
        except PaymentRefused:
            log.info("payments.intent_moved")
        outcome = await settle_intent(database, shop, gateway, intent_id)
        if outcome.is_good:
            raise AlreadyPaid


async def end(gateway: StripeGateway, intent_id: str) -> None:
    """Make sure that nobody can pay an intent any more. Raises PaymentRefused when that is settled otherwise.

    Stripe would cancel one whose money the bank keeps aside for us, too; but its buyer has done all that he can.
    """
    intent = await gateway.retrieve_intent(intent_id)
    if not intent.is_open:
        raise PaymentRefused("the intent is not open", code="payment_intent_unexpected_state")
    await gateway.cancel_intent(intent_id)


async def _made(database: Database, shop: ShopFacts, gateway: StripeGateway, plan: Plan) -> Intent:
    if plan.intent is None:
        raise RuntimeError("an attempt at Stripe's page has no intent of ours")
    try:
        intent = await gateway.create_intent(plan.intent, key=plan.key)
    except PaymentUnreachable as away:
        await attempts.when_away(database, shop, plan, away)
        raise
    except PaymentRefused as no:
        raise await attempts.when_refused(database, shop, plan, no) from no
    if not await attempts.keep(database, shop, plan, intent.id, intent_id=intent.id):
        await _drop(gateway, intent)
        raise NotPayable
    return intent


async def _drop(gateway: StripeGateway, intent: Intent) -> None:
    """End an intent that nobody has been shown. Nobody could pay it anyway, so failing is no harm."""
    try:
        await gateway.cancel_intent(intent.id)
    except (PaymentRefused, PaymentUnreachable):
        log.warning("payments.orphan_intent")
