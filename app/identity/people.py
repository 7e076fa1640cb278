"""People: register, verify, sign in, choose a new password."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity import passwords, sessions
from app.identity.models import MailToken, User
from app.kernel import clock, ids
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.system import audit

VERIFY_LIFE = timedelta(days=3)
RESET_LIFE = timedelta(hours=1)
INVITATION_LIFE = timedelta(days=7)


async def by_email(db: AsyncSession, email: str) -> User | None:
    """The person of a normalised address in this shop."""
    return await db.scalar(select(User).where(User.email == email))


async def with_password(db: AsyncSession, email: str, password: str) -> User:
    """Who signs in. Raises Refused in the same words, after the same work, whatever is wrong."""
    user = await by_email(db, email)
    right = await passwords.matches(user.password_hash if user else None, password)
    if user is None or not right or user.disabled_at is not None or user.verified_at is None:
        raise Refused(_("E-mail o password non corrispondono. Controlla, oppure scegli una nuova password."))
    return user


async def register(db: AsyncSession, *, name: str, email: str, password_hash: str | None, locale: str) -> User | None:
    """A new consumer, not yet verified. None if the address is known already. Within a transaction."""
    if await by_email(db, email) is not None:
        return None
    user = User(name=name, email=email, password_hash=password_hash, locale=locale, created_at=clock.now())
    try:
        async with db.begin_nested():
            db.add(user)
    except IntegrityError:  # somebody registered the address at the same moment
        return None
    return user


async def invited(db: AsyncSession, *, name: str, email: str, locale: str) -> User:
    """The person of an address, made without a password where there is none. Within a transaction."""
    user = await by_email(db, email) or await register(db, name=name, email=email, password_hash=None, locale=locale)
    if user is None or user.disabled_at is not None:
        raise Refused(_("Questo indirizzo non può entrare: usane un altro."), "email")
    return user


async def back_to_buyer(db: AsyncSession, user_id: int) -> None:
    """Somebody who worked at a desk does so no more; what he bought stays his. Ends his sessions."""
    user = await db.get(User, user_id)
    if user is not None:
        user.role = "consumer"
        await sessions.end_all(db, user.id)


async def mail_token(db: AsyncSession, user: User, purpose: str, life: timedelta | None = None) -> str:
    """A single-use token for a mail (verify | reset); earlier ones of the purpose end. Within a transaction."""
    now, token = clock.now(), ids.token()
    await db.execute(
        update(MailToken)
        .where(MailToken.user_id == user.id, MailToken.purpose == purpose, MailToken.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    life = life or (VERIFY_LIFE if purpose == "verify" else RESET_LIFE)
    db.add(
        MailToken(
            user_id=user.id, purpose=purpose, token_hash=ids.token_hash(token), created_at=now, expires_at=now + life
        )
    )
    return token


async def token_holds(db: AsyncSession, token: str, purpose: str) -> bool:
    """Could this token still be used?"""
    found = select(MailToken.id).where(
        MailToken.token_hash == ids.token_hash(token),
        MailToken.purpose == purpose,
        MailToken.used_at.is_(None),
        MailToken.expires_at > clock.now(),
    )
    return await db.scalar(found) is not None


async def use_token(db: AsyncSession, token: str, purpose: str) -> User:
    """Whom a token was sent to; it holds once. Raises NotFound if it is used, old or unknown. Within a transaction."""
    used = await db.execute(
        update(MailToken)
        .where(
            MailToken.token_hash == ids.token_hash(token),
            MailToken.purpose == purpose,
            MailToken.used_at.is_(None),
            MailToken.expires_at > clock.now(),
        )
        .values(used_at=clock.now())
        .returning(MailToken.user_id)
        .execution_options(synchronize_session=False)
    )
    row = used.first()
    user = await db.get(User, row[0]) if row else None
    if user is None or user.disabled_at is not None:
        raise NotFound
    if user.verified_at is None:
        user.verified_at = clock.now()  # whoever reads the mail owns the address
    return user


async def set_password(db: AsyncSession, user: User, password_hash: str) -> None:
    """A new password ends every session. Within a transaction."""
    user.password_hash = password_hash
    await sessions.end_all(db, user.id)
    audit.record(db, action="user.password", entity="user", entity_id=user.id, actor_id=user.id, actor_role=user.role)


async def change_profile(db: AsyncSession, user_id: int, *, name: str, locale: str) -> None:
    """Within a transaction."""
    user = await db.get(User, user_id)
    if user is None:
        raise NotFound
    before = {"name": user.name, "locale": user.locale}
    user.name, user.locale = name, locale
    audit.record(
        db,
        action="user.profile",
        entity="user",
        entity_id=user.id,
        actor_id=user.id,
        actor_role=user.role,
        before=before,
        after={"name": name, "locale": locale},
    )
