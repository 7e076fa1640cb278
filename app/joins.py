"""Who joins in at what others do: the hooks of lower contexts, filled by higher ones.

Imported by main for what it does, so that the web process and the worker have all of it.
"""

from app.analytics.recommendations import pieces as recommendation_pieces
from app.analytics.views_log import recent
from app.catalog import offered, refill_proofs, sections, sweeping, waiting
from app.commerce.additions import following as addition_following
from app.commerce.additions import pieces as addition_pieces
from app.commerce.additions import proofs as addition_proofs
from app.commerce.cart import merging
from app.commerce.checkout import paying, placing, promoting
from app.commerce.credit import buying as credit_buying
from app.commerce.credit import claiming, holding
from app.commerce.credit import proofs as credit_proofs
from app.commerce.credit import queries as credit_queries
from app.commerce.credit import sections as credit_sections
from app.commerce.credit.models import CreditPurchase, CreditRefund
from app.commerce.deposits import calling_off
from app.commerce.deposits import pieces as deposit_pieces
from app.commerce.deposits import proofs as deposit_proofs
from app.commerce.disputes import following as dispute_following
from app.commerce.disputes import proofs as dispute_proofs
from app.commerce.disputes import queries as dispute_queries
from app.commerce.documents import confirming
from app.commerce.documents import issuing as document_issuing
from app.commerce.documents import waiting as document_waiting
from app.commerce.office import queries as office_queries
from app.commerce.office import sections as office_sections
from app.commerce.office import views as office_views
from app.commerce.orders import claiming as order_claiming
from app.commerce.orders import contracts, departing, deposit_views, pace
from app.commerce.orders import queries as order_queries
from app.commerce.orders import sections as order_sections
from app.commerce.overdue import pieces as overdue_pieces
from app.commerce.overdue import queries as overdue_queries
from app.commerce.payments import belonging, proofs, settling, slow, webhooks
from app.commerce.payouts import beginning
from app.commerce.payouts import following as payout_following
from app.commerce.payouts import pieces as payout_pieces
from app.commerce.payouts import queries as payout_queries
from app.commerce.promotions import proofs as promotion_proofs
from app.commerce.promotions import uses as promotion_uses
from app.commerce.promotions import windows
from app.commerce.reconciliation import proofs as book_proofs
from app.commerce.reconciliation import queries as book_queries
from app.commerce.refunds import cancelling, requesting
from app.commerce.refunds import pieces as refund_pieces
from app.commerce.refunds import proofs as refund_proofs
from app.commerce.refunds import queries as refund_queries
from app.commerce.refunds import sending as refund_sending
from app.commerce.weighing import capturing, lost
from app.commerce.weighing import pieces as weighing_pieces
from app.commerce.weighing import proofs as weighing_proofs
from app.commerce.weighing import queries as weighing_queries
from app.commerce.withdrawals import handling as withdrawal_handling
from app.commerce.withdrawals import pieces as withdrawal_pieces
from app.commerce.withdrawals import queries as withdrawal_queries
from app.community.reviews import pieces as review_pieces
from app.delivery import demand, fees, remembered
from app.engagement.watches import merging as wish_merging
from app.engagement.watches import queries as watch_queries
from app.engagement.watches import views as watch_views
from app.identity import hooks
from app.pricing.rules import pieces as rule_pieces
from app.pricing.rules import surge
from app.producers import selling
from app.system import mail
from app.web import desk

# When somebody signs in or out
hooks.on_sign_in(merging.merge_at_sign_in)
hooks.on_sign_in(wish_merging.merge_at_sign_in)
hooks.on_sign_in(claiming.claim_at_sign_in)
hooks.on_sign_in(order_claiming.claim_at_sign_in)
hooks.on_sign_out(recent.forget)
hooks.on_sign_out(remembered.forget)

# Pieces of public pages that higher contexts make
sections.fill("price_reason", rule_pieces.price_reason)
sections.fill("beside_buying", watch_views.beside_buying)
sections.fill("recommended", recommendation_pieces.beside)
sections.at_home(recommendation_pieces.in_demand)
sections.fill("rating", review_pieces.rating)
sections.fill("reviews", review_pieces.band)
sections.fill_maker("rating", review_pieces.rating_of_maker)
sections.fill_maker("pace", pace.of_maker)
sections.fill_maker("reviews", review_pieces.band_of_maker)
sweeping.also_kept(order_queries.pictures())

# Pieces of an order's page, for its buyer and for staff
order_sections.fill_rights(refund_pieces.rights)
order_sections.fill_rights(withdrawal_pieces.rights)
order_sections.fill_money(refund_pieces.money)
order_sections.fill_changes(overdue_pieces.choices)
order_sections.fill_changes(addition_pieces.changes)
order_sections.fill_desk(overdue_pieces.at_desk)
order_sections.fill_work(payout_pieces.before_the_first_sale)
office_sections.fill_group(refund_pieces.at_staff)
office_sections.fill_group(deposit_pieces.at_staff)
office_sections.fill_group(overdue_pieces.at_staff)
office_sections.fill_group(weighing_pieces.at_staff)
office_sections.fill_jobs(weighing_pieces.at_jobs)
credit_sections.fill_rights(withdrawal_pieces.rights_of_purchase)

# An order is placed
placing.also_when_placed(promoting.take_uses)
placing.also_when_placed(paying.take_credit)

# Its payment is settled, one way or another
settling.also_when_cancelled(slow.tell_if_failed)
settling.also_when_cancelled(promotion_uses.give_back)
settling.also_when_revived(promotion_uses.take_again)
settling.also_when_paid(holding.spend)
settling.also_when_taken_on(departing.fix_days)
settling.also_when_paid(departing.fix_days_of_made)
settling.also_when_cancelled(holding.release)
settling.also_when_paid(dispute_following.bear_waiting)
settling.also_when_cancelled(dispute_following.bear_waiting)
settling.also_when_revived(holding.retake)
settling.also_settles(credit_buying.settle_session)
settling.also_when_paid(document_issuing.when_paid)
settling.also_when_taken_on(document_issuing.when_taken_on)
settling.also_when_cancelled(document_issuing.when_called_off)
settling.also_when_taken_on(placing.clear_after_payment)  # for the worker too: it imports this module
cancelling.lets_go_by(cancelling.AUTHORIZED, lost.call_off)
cancelling.lets_go_by(deposit_views.DEPOSITED, calling_off.call_off)

# What goes with a mail
mail.attaches(contracts.ATTACHED, confirming.file)

# It is refunded
requesting.also_when_refunded(addition_following.when_refunded)
requesting.also_when_refunded(withdrawal_handling.close_covered)
requesting.also_when_closed(promotion_uses.give_back_unsent)
requesting.also_when_refunded(document_issuing.when_refunded)

# News from Stripe
belonging.also_known_by(CreditPurchase.charge_id, CreditPurchase.session_id, CreditRefund.stripe_id)
webhooks.handles("refund.", refund_sending.handle, missed=("refund.updated", "refund.failed"))
webhooks.handles("charge.refund.", refund_sending.handle)
webhooks.handles("charge.dispute.", dispute_following.follow_event, missed=dispute_following.MISSED)
webhooks.handles("payout.", payout_following.follow_payout)
webhooks.handles("account.updated", payout_following.follow_account)
webhooks.handles("transfer.", payout_following.follow_transfer)
for _news in capturing.NEWS:
    webhooks.handles(_news, capturing.handle, missed=(_news,))

# What tavola ledger verify proves
proofs.also(*addition_proofs.ALL)
proofs.also(*refund_proofs.ALL)
proofs.also(*weighing_proofs.ALL)
proofs.also(*deposit_proofs.ALL)
proofs.also(*dispute_proofs.ALL, *book_proofs.ALL)
proofs.also(*promotion_proofs.ALL)
proofs.also(*credit_proofs.ALL)
proofs.also(*refill_proofs.ALL)

# What waits for staff, beside the links of their desk
office_queries.also_counted("/amministrazione/recessi", withdrawal_queries.due)
desk.also_counted("/banco/recessi", withdrawal_queries.open_at)
office_queries.also_counted("/amministrazione/ritardi", overdue_queries.number_late)
desk.also_counted("/banco/ritardi", overdue_queries.number_late_at)
office_queries.also_counted("/amministrazione/rimborsi", refund_queries.failed)
office_queries.also_counted("/amministrazione/credito", credit_queries.failed)
office_queries.also_counted(office_views.JOBS, weighing_queries.stuck)
office_queries.also_counted("/amministrazione/contestazioni", dispute_queries.waiting)
office_queries.also_counted("/amministrazione/conti", book_queries.troubles)
office_queries.also_counted("/amministrazione/eventi", book_queries.failed_events)
desk.staff_frame_is(office_views.frame_of)
desk.also_counted("/banco/incassi", dispute_queries.waiting_for)
office_queries.also_counted("/amministrazione/documenti", document_waiting.calling)

# Lower contexts ask
selling.also_needs(payout_queries.may_receive)
selling.lacks_are_told_by(beginning.lacking)
demand.orders_are_counted_by(order_queries.leaving)
fees.full_days_cost(surge.surged)
offered.prices_are_made_by(windows.IN_THE_WINDOW)
waiting.counted_by(watch_queries.numbers_waiting)
