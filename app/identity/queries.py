"""What pages need to know of people."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.models import User, UserSession
from app.kernel import clock
from app.kernel.ids import token_hash
from app.kernel.tenancy import Person


async def person_of_session(db: AsyncSession, token: str) -> Person | None:
    """Who is signed in with this cookie; None if the session has ended."""
    row = (
        await db.execute(
            select(User.id, User.name, User.email, User.role, User.locale, UserSession.id)
            .join(UserSession, UserSession.user_id == User.id)
            .where(UserSession.token_hash == token_hash(token), UserSession.expires_at > clock.now())
        )
    ).first()
    return Person(row[0], row[1], row[2], row[3], row[4], row[5]) if row else None
