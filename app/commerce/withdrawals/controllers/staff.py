"""Withdrawals as staff see them: all of them, what is overdue first; they may act where a producer does not."""

from litestar import get, post
from litestar.params import FromPath

from app.commerce.withdrawals import queries
from app.commerce.withdrawals.controllers.sides import AnyRequest, Side
from app.commerce.withdrawals.models import Withdrawal
from app.web import desk
from app.web.access import staff
from app.web.desk import Desk
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

LIST = "/amministrazione/recessi"
ONE = LIST + "/{number:str}"


async def _find(visit: Visit, number: str) -> Withdrawal:
    return await queries.at_staff(visit.db, number)


async def _frame(visit: Visit) -> Desk:
    return await desk.of_staff(visit.db)


SIDE = Side(LIST, _find, lambda _visit: None, _frame, lambda row: f"/amministrazione/ordini/{row.order.group.number}")


@get(LIST, access=staff, name="office.withdrawals.list")
async def show_list(visit: CurrentVisit, request: AnyRequest) -> Page:
    return await SIDE.show_list(visit, request)


@get(ONE, access=staff, name="office.withdrawal.show")
async def show_one(visit: CurrentVisit, number: FromPath[str]) -> Page:
    return await SIDE.show(visit, number)


@post(ONE + "/presa", access=staff, name="office.withdrawal.take_on")
async def take_on(visit: CurrentVisit, number: FromPath[str]) -> Page | Go:
    return await SIDE.take_on(visit, number)


@post(ONE + "/ritorno", access=staff, name="office.withdrawal.have_back")
async def have_back(visit: CurrentVisit, number: FromPath[str]) -> Page | Go:
    return await SIDE.have_back(visit, number)


@post(ONE + "/rimborso", access=staff, name="office.withdrawal.refund")
async def refund(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    return await SIDE.refund(visit, request, number)


@post(ONE + "/rifiuto", access=staff, name="office.withdrawal.refuse")
async def refuse(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    return await SIDE.refuse(visit, request, number)


ROUTES = [show_list, show_one, take_on, have_back, refund, refuse]
