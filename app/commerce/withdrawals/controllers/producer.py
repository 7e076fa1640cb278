"""Withdrawals at the desk: what came in, what is due, and the deeds that follow."""

from litestar import get, post
from litestar.params import FromPath

from app.commerce.withdrawals import queries
from app.commerce.withdrawals.controllers.sides import AnyRequest, Side
from app.commerce.withdrawals.models import Withdrawal
from app.kernel.errors import Forbidden
from app.web import desk
from app.web.access import at_a_producer
from app.web.desk import Desk
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

LIST = "/banco/recessi"
ONE = LIST + "/{number:str}"


def _producer_id(visit: Visit) -> int:
    """At whose desk the visitor works; `at_a_producer` has seen to it."""
    if visit.person is None or visit.person.producer_id is None:
        raise Forbidden
    return visit.person.producer_id


async def _find(visit: Visit, number: str) -> Withdrawal:
    return await queries.at_desk(visit.db, _producer_id(visit), number)


async def _frame(visit: Visit) -> Desk:
    return desk.of_producer(counts=await desk.waiting_at(visit.db, _producer_id(visit)))


SIDE = Side(LIST, _find, _producer_id, _frame, lambda row: f"/banco/ordini/{row.order.number}")


@get(LIST, access=at_a_producer, name="desk.withdrawals.list")
async def show_list(visit: CurrentVisit, request: AnyRequest) -> Page:
    return await SIDE.show_list(visit, request)


@get(ONE, access=at_a_producer, name="desk.withdrawal.show")
async def show_one(visit: CurrentVisit, number: FromPath[str]) -> Page:
    return await SIDE.show(visit, number)


@post(ONE + "/presa", access=at_a_producer, name="desk.withdrawal.take_on")
async def take_on(visit: CurrentVisit, number: FromPath[str]) -> Page | Go:
    return await SIDE.take_on(visit, number)


@post(ONE + "/ritorno", access=at_a_producer, name="desk.withdrawal.have_back")
async def have_back(visit: CurrentVisit, number: FromPath[str]) -> Page | Go:
    return await SIDE.have_back(visit, number)


@post(ONE + "/rimborso", access=at_a_producer, name="desk.withdrawal.refund")
async def refund(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    return await SIDE.refund(visit, request, number)


@post(ONE + "/rifiuto", access=at_a_producer, name="desk.withdrawal.refuse")
async def refuse(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    return await SIDE.refuse(visit, request, number)


ROUTES = [show_list, show_one, take_on, have_back, refund, refuse]
