"""Accounts: sign in and out, register, verify, new password, profile."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.identity import forms, hooks, mails, passwords, people, sessions
from app.identity.models import User
from app.kernel.db import transaction
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import NATIVE_NAMES
from app.kernel.i18n import gettext as _
from app.web import access
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]


def local_path(path: str) -> str:
    """A path of ours to go back to; anything that could lead elsewhere is the empty string."""
    fine = path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path and len(path) < 300
    return path if fine else ""


def home_of(role: str) -> str:
    """Where a person's day begins."""
    if role in sessions.CAREFUL_ROLES:
        return "/amministrazione"
    return "/banco" if role == "producer" else "/profilo"


async def _let_in(visit: Visit, user: User, token: str, max_age: int | None) -> None:
    """After the commit: the cookie, and whoever wants to know."""
    visit.set_cookie("session", token, max_age=max_age)
    if said := await hooks.signed_in(visit, user.id):
        visit.tell(" ".join(said))


@get("/accedi", access=access.anyone, name="session.new")
async def ask_sign_in(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    if visit.person:
        return Go(home_of(visit.person.role))
    form = forms.SignIn.blank(dopo=local_path(request.query_params.get("dopo", "")))
    return Page("identity/sign_in.html", private=True, form=form)


@post("/accedi", access=access.anyone, limit="careful", name="session.create")
async def sign_in(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = forms.SignIn.read(await request.form())
    if form.data:
        await request.app.state.limiter.check("sign_in", visit, form.data.email)
        try:
            user = await people.with_password(visit.db, form.data.email, form.data.password)
        except Refused as no:
            form.refused(no.message, "email")
        else:
            async with transaction(visit.db):
                if old := visit.cookie("session"):
                    await sessions.end(visit.db, old)
                token, max_age = await sessions.begin(visit.db, user, visit.headers.get("user-agent", ""))
            await _let_in(visit, user, token, max_age)
            return Go(local_path(form.data.dopo) or home_of(user.role))
    return Page("identity/sign_in.html", private=True, status_code=422, form=form)


@post("/esci", access=access.anyone, name="session.delete")
async def sign_out(visit: CurrentVisit) -> Go:
    if token := visit.cookie("session"):
        async with transaction(visit.db):
            await sessions.end(visit.db, token)
        visit.forget_cookie("session")
    hooks.signed_out(visit)
    visit.extra_headers.append(("Clear-Site-Data", '"cache"'))  # what the worker keeps, it drops by itself
    visit.tell(_("Sei uscito. A presto!"))
    return Go("/")


@get("/registrati", access=access.anyone, name="person.new")
async def ask_to_register() -> Page:
    return Page("identity/register.html", private=True, form=forms.Register.blank(), done=None)


@post("/registrati", access=access.anyone, limit="careful", name="person.create")
async def register(visit: CurrentVisit, request: AnyRequest) -> Page:
    """The same answer whether the address is new or known; the mail says which."""
    form = forms.Register.read(await request.form())
    if form.data is None:
        return Page("identity/register.html", private=True, status_code=422, form=form, done=None)
    sent = form.data
    password_hash = await passwords.hashed(sent.password)
    async with transaction(visit.db):
        user = await people.register(
            visit.db, name=sent.name, email=sent.email, password_hash=password_hash, locale=visit.locale
        )
        if user:
            await mails.verify(visit, user, await people.mail_token(visit.db, user, "verify"))
        elif known := await people.by_email(visit.db, sent.email):
            await mails.known_already(visit, known)
    return Page("identity/register.html", private=True, form=form, done=sent.email)


@get("/verifica/{token:str}", access=access.anyone, limit="careful", name="person.verification")
async def ask_to_verify(visit: CurrentVisit, token: FromPath[str]) -> Page:
    """A page with a button, because mail programs open links on their own."""
    if not await people.token_holds(visit.db, token, "verify"):
        raise NotFound
    return Page("identity/verify.html", private=True, token=token)


@post("/verifica/{token:str}", access=access.anyone, limit="careful", name="person.verify")
async def verify(visit: CurrentVisit, token: FromPath[str]) -> Go:
    async with transaction(visit.db):
        user = await people.use_token(visit.db, token, "verify")
        session, max_age = await sessions.begin(visit.db, user, visit.headers.get("user-agent", ""))
    visit.tell(_("Indirizzo confermato: benvenuto."))
    await _let_in(visit, user, session, max_age)
    return Go(home_of(user.role))


@get("/password", access=access.anyone, name="password.forgotten")
async def ask_whose_password() -> Page:
    return Page("identity/forgotten.html", private=True, form=forms.Forgotten.blank(), done=None)


@post("/password", access=access.anyone, limit="careful", name="password.remind")
async def send_reset(visit: CurrentVisit, request: AnyRequest) -> Page:
    form = forms.Forgotten.read(await request.form())
    if form.data is None:
        return Page("identity/forgotten.html", private=True, status_code=422, form=form, done=None)
    async with transaction(visit.db):
        user = await people.by_email(visit.db, form.data.email)
        if user and user.disabled_at is None:
            await mails.reset(visit, user, await people.mail_token(visit.db, user, "reset"))
    return Page("identity/forgotten.html", private=True, form=form, done=form.data.email)


@get("/password/{token:str}", access=access.anyone, limit="careful", name="password.new")
async def ask_new_password(visit: CurrentVisit, token: FromPath[str]) -> Page:
    if not await people.token_holds(visit.db, token, "reset"):
        raise NotFound
    return Page("identity/new_password.html", private=True, token=token, form=forms.ChooseNew.blank())


@post("/password/{token:str}", access=access.anyone, limit="careful", name="password.reset")
async def reset_password(visit: CurrentVisit, request: AnyRequest, token: FromPath[str]) -> Page | Go:
    form = forms.ChooseNew.read(await request.form())
    if form.data is None:
        return Page("identity/new_password.html", private=True, status_code=422, token=token, form=form)
    password_hash = await passwords.hashed(form.data.password)
    async with transaction(visit.db):
        user = await people.use_token(visit.db, token, "reset")
        await people.set_password(visit.db, user, password_hash)
        await mails.password_changed(visit, user)
    visit.forget_cookie("session")
    visit.tell(_("La nuova password è pronta: entra con quella."))
    return Go("/accedi")


async def _profile(
    visit: Visit, form: Filled[forms.Profile], change: Filled[forms.ChangePassword], status: int
) -> Page:
    assert visit.person is not None  # noqa: S101  (access=signed_in)
    return Page(
        "identity/profile.html",
        private=True,
        status_code=status,
        form=form,
        change=change,
        sessions=await sessions.of(visit.db, visit.person.id),
        languages=[(code, NATIVE_NAMES[code]) for code in visit.locales],
    )


def _present(visit: Visit) -> Filled[forms.Profile]:
    assert visit.person is not None  # noqa: S101  (access=signed_in)
    return forms.Profile.blank(name=visit.person.name, locale=visit.person.locale)


@get("/profilo", access=access.signed_in, name="profile.show")
async def show_profile(visit: CurrentVisit) -> Page:
    return await _profile(visit, _present(visit), forms.ChangePassword.blank(), 200)


@post("/profilo", access=access.signed_in, name="profile.update")
async def change_profile(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = forms.Profile.read(await request.form())
    if form.data is None or visit.person is None:
        return await _profile(visit, form, forms.ChangePassword.blank(), 422)
    async with transaction(visit.db):
        await people.change_profile(visit.db, visit.person.id, name=form.data.name, locale=form.data.locale)
    visit.tell(_("Salvato."))
    return Go("/profilo")


@post("/profilo/password", access=access.signed_in, limit="careful", name="profile.password")
async def change_password(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = forms.ChangePassword.read(await request.form())
    if form.data and visit.person:
        try:
            user = await people.with_password(visit.db, visit.person.email, form.data.current)
        except Refused:
            form.refused(_("Questa non è la password di adesso."), "current")
        else:
            password_hash = await passwords.hashed(form.data.password)
            async with transaction(visit.db):
                await people.set_password(visit.db, user, password_hash)
                token, max_age = await sessions.begin(visit.db, user, visit.headers.get("user-agent", ""))
                await mails.password_changed(visit, user)
            visit.set_cookie("session", token, max_age=max_age)
            visit.tell(_("Password cambiata. Gli altri dispositivi sono usciti."))
            return Go("/profilo")
    return await _profile(visit, _present(visit), form, 422)


@post("/profilo/dispositivi/{session_id:int}/uscita", access=access.signed_in, name="profile.session.delete")
async def end_session(visit: CurrentVisit, session_id: FromPath[int]) -> Go:
    assert visit.person is not None  # noqa: S101  (access=signed_in)
    async with transaction(visit.db):
        await sessions.end_one(visit.db, visit.person.id, session_id)
    visit.tell(_("Quel dispositivo è uscito."))
    return Go("/profilo")


ROUTES = [
    ask_sign_in,
    sign_in,
    sign_out,
    ask_to_register,
    register,
    ask_to_verify,
    verify,
    ask_whose_password,
    send_reset,
    ask_new_password,
    reset_password,
    show_profile,
    change_profile,
    change_password,
    end_session,
]
