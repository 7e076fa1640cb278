"""Mails about accounts, written in the transaction of the deed that causes them."""

from app.identity.models import User
from app.kernel import ids
from app.kernel.i18n import gettext as _
from app.kernel.i18n import speaking
from app.system import mail
from app.web.pages import render
from app.web.visit import Visit


async def verify(visit: Visit, user: User, token: str) -> None:
    """Please press here, so that we know that the address is yours."""
    with speaking(user.locale):
        await _write(
            visit,
            user,
            kind="account.verify",
            subject=_("Conferma il tuo indirizzo"),
            lines=[
                _("Ciao %(name)s, manca solo un passo: conferma che questo indirizzo è tuo.", name=user.name),
                _("Il link vale tre giorni. Se non hai chiesto tu l’iscrizione, ignora questo messaggio."),
            ],
            link=(_("Conferma l’indirizzo"), f"/verifica/{token}"),
        )


async def known_already(visit: Visit, user: User) -> None:
    """Somebody registered an address that has an account."""
    with speaking(user.locale):
        await _write(
            visit,
            user,
            kind="account.known",
            subject=_("Hai già un account da noi"),
            lines=[
                _("Ciao %(name)s, qualcuno ha provato a iscriversi con il tuo indirizzo.", name=user.name),
                _("Se eri tu: l’account c’è già. Se non ricordi la password, scegline una nuova."),
            ],
            link=(_("Scegli una nuova password"), "/password"),
        )


async def reset(visit: Visit, user: User, token: str) -> None:
    """The way to a new password."""
    with speaking(user.locale):
        await _write(
            visit,
            user,
            kind="account.reset",
            subject=_("La tua nuova password"),
            lines=[
                _("Ciao %(name)s, da qui puoi scegliere una nuova password.", name=user.name),
                _("Il link vale un’ora. Se non l’hai chiesto tu, non devi fare nulla: la password resta quella."),
            ],
            link=(_("Scegli una nuova password"), f"/password/{token}"),
        )


async def invited(visit: Visit, user: User, desk: str, token: str) -> None:
    """Somebody is to work at a producer's desk. desk: the producer's name."""
    with speaking(user.locale):
        await _write(
            visit,
            user,
            kind="account.invited",
            subject=_("Il banco di %(desk)s ti aspetta", desk=desk),
            lines=[
                _("Ciao %(name)s, da oggi puoi lavorare al banco di %(desk)s.", name=user.name, desk=desk),
                _(
                    "Scegli la tua password ed entra con questo indirizzo. Il link vale sette giorni; se scade, la "
                    "chiedi di nuovo da “Non ricordi la password?”."
                ),
            ],
            link=(_("Scegli la password"), f"/password/{token}"),
        )


async def password_changed(visit: Visit, user: User) -> None:
    """A new password was set: if it was not you, act."""
    with speaking(user.locale):
        await _write(
            visit,
            user,
            kind="account.changed",
            subject=_("La tua password è cambiata"),
            lines=[
                _("Ciao %(name)s, la password del tuo account è stata cambiata adesso.", name=user.name),
                _("Siamo usciti da tutti i dispositivi. Se non sei stato tu, scegline subito una nuova."),
            ],
            link=(_("Scegli una nuova password"), "/password"),
        )


async def _write(visit: Visit, user: User, *, kind: str, subject: str, lines: list[str], link: tuple[str, str]) -> None:
    text, path = link
    address = visit.base_url + visit.href(path, user.locale)
    html = render(
        "mail/account.html",
        shop=visit.shop,
        locale=user.locale,
        subject=subject,
        lines=lines,
        link=(text, address),
        withdrawal_url=None,
    )
    await mail.write(
        visit.db,
        kind=kind,
        reference=ids.token()[:20],
        recipient=user.email,
        locale=user.locale,
        subject=f"{subject} · {visit.shop.name}",
        text="\n\n".join([*lines, f"{text}: {address}", visit.shop.name]),
        html=html,
    )
