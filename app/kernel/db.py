"""The database: tables, the shop scope, and the one way to write.

The same code runs on SQLite (embedded) and PostgreSQL; this module is where they differ.

Every row of a `ShopOwned` table belongs to a shop. A session is opened for one shop; it adds the shop to every query,
update, delete and insert by itself, and refuses a statement on such a table when it has no shop. On PostgreSQL
row-level security says the same a second time (migrations/, `app.shop_id`).
"""

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    bindparam,
    event,
)
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    SessionTransaction,
    mapped_column,
    with_loader_criteria,
)
from sqlalchemy.sql import FromClause, visitors
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.sql.visitors import ExternallyTraversible

Id = BigInteger().with_variant(Integer, "sqlite")
APP_ROLE = "tavola_app"

_SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=NORMAL",
    "foreign_keys=ON",
    "busy_timeout=5000",
    "temp_store=MEMORY",
    "cache_size=-16000",
    "mmap_size=134217728",
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment. SQLite keeps no zone, so it is taken off on the way in and put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Base of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: UtcDateTime(), dict[str, Any]: JSON, list[Any]: JSON, str: String}


class ShopOwned:
    """A row that belongs to a shop. The session fills `shop_id` in and adds it to every statement."""

    shop_id: Mapped[int] = mapped_column(Id, ForeignKey("shops.id", ondelete="CASCADE"), sort_order=-1)


class NoShop(RuntimeError):
    """A statement on a shop-owned table in a session that has no shop: a bug, never a page."""


@dataclass
class QueryCount:
    """How many statements a request has sent. Set one in `counted` to count."""

    n: int = 0


counted: ContextVar[QueryCount | None] = ContextVar("counted", default=None)


class ShopSession(Session):
    """A session of one shop: `info["shop_id"]`."""


_SHOP: BindParameter[int] = bindparam("session_shop_id", type_=Id)
_OF_THE_SHOP = with_loader_criteria(ShopOwned, lambda cls: cls.shop_id == _SHOP, include_aliases=True)
_scoped_statements: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
_of_the_platform: weakref.WeakSet[Any] = weakref.WeakSet()


@event.listens_for(ShopSession, "do_orm_execute")
def _scope(state: ORMExecuteState) -> None:
    """Add the shop to selects, relationship loads, updates and deletes on shop-owned tables, subqueries included."""
    shop_id = state.session.info.get("shop_id")
    if shop_id is None:
        _refuse_owned(state)
    elif not state.is_insert and not state.is_column_load:  # new rows: see `_own`; core inserts name the shop
        values = state.parameters or {}
        if not isinstance(values, Mapping):
            raise NoShop("a statement for many rows at once would not be scoped")
        state.statement = _scoped(state.statement)
        state.parameters = {**values, _SHOP.key: shop_id}


def _scoped(statement: Any) -> Any:
    """The statement with its shop. Kept while the statement lives: those made once are also analysed only once."""
    scoped = _scoped_statements.get(statement)
    if scoped is None:
        scoped = _scoped_statements[statement] = statement.options(_OF_THE_SHOP)
    return scoped


def _refuse_owned(state: ORMExecuteState) -> None:
    """Without a shop, only the platform's own tables may be touched, however deep in the statement."""
    if state.statement in _of_the_platform:
        return
    for element in visitors.iterate(cast("ExternallyTraversible", state.statement)):
        table = getattr(element, "table", element)
        if isinstance(table, FromClause) and getattr(table, "name", "") in _owned_tables():
            raise NoShop(f"{table} was asked for without a shop")
    _of_the_platform.add(state.statement)


@cache
def _owned_tables() -> frozenset[str]:
    owned = (mapper for mapper in Table.registry.mappers if issubclass(mapper.class_, ShopOwned))
    return frozenset(str(mapper.local_table) for mapper in owned)


@event.listens_for(ShopSession, "before_flush")
def _own(session: Session, *_: object) -> None:
    """Give new rows their shop, and refuse rows of another."""
    shop_id = session.info.get("shop_id")
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, ShopOwned):
            continue
        if shop_id is None:
            raise NoShop(f"{type(row).__name__} was written without a shop")
        if row in session.new and not row.shop_id:
            row.shop_id = shop_id
        if row.shop_id != shop_id:
            raise NoShop(f"{type(row).__name__} belongs to another shop")


@event.listens_for(ShopSession, "before_flush")
def _only_in_transactions(session: Session, *_: object) -> None:
    """A page's reading session commits each statement by itself: rows may only be written in `transaction`."""
    if session.info.get("reads_alone") and not session.info.get("in_transaction"):
        raise RuntimeError("rows were written outside a transaction")


_TELL = "select set_config('app.shop_id', $1, $2)"


@event.listens_for(ShopSession, "after_begin")
def _tell_postgresql(session: Session, _: SessionTransaction, connection: Connection) -> None:
    """Row-level security reads the shop from the connection. SET takes no parameter, set_config does.

    The connection keeps it, so that the next request of that shop need not say it again. Behind a pooler that gives
    each transaction another connection, it is said for each transaction.
    """
    if connection.dialect.name != "postgresql":
        return
    shop_id = session.info.get("shop_id")
    value = "" if shop_id is None else str(shop_id)
    if session.info["pooled"]:
        connection.exec_driver_sql(_TELL, (value, True))
    elif connection.info.get("shop") != value:
        connection.exec_driver_sql(_TELL, (value, False))
        connection.info["shop"] = value


def _forget_shop(connection: Connection) -> None:
    """A rollback takes the connection's setting back too. Of one that was lost there is nothing to forget."""
    if not connection.invalidated and connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.info.pop("shop", None)


class Database:
    """One engine and its sessions."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        # Compiling short statements costs ten times what it saves, and row-level security makes PostgreSQL try. Its
        # price of a page out of order is that of a turning disk: on none of today's would it read a whole table sooner.
        quick = {"server_settings": {"jit": "off", "random_page_cost": "1.1"}}
        pool = {"pool_size": pool_size, "max_overflow": 8, "pool_timeout": 10, "connect_args": quick}
        options: dict[str, Any] = {} if self.is_sqlite else pool
        self.engine: AsyncEngine = create_async_engine(url, hide_parameters=True, **options)
        self._reader = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._pooled = "prepared_statement_cache_size=0" in url  # how README says to work behind PgBouncer
        self._locks: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = weakref.WeakKeyDictionary()
        event.listen(self.engine.sync_engine, "before_cursor_execute", _count)
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine.sync_engine, "connect", _prepare_postgresql)
            event.listen(self.engine.sync_engine, "rollback", _forget_shop)

    def session(self, shop_id: int | None, *, reads_alone: bool = False) -> AsyncSession:
        """A session of one shop; None: the platform's own tables only (shops, jobs).

        reads_alone: outside of `transaction`, PostgreSQL takes each statement by itself. Under READ COMMITTED each sees
        its own moment anyway, and a page saves the way there and back for BEGIN and ROLLBACK.
        """
        reads_alone = reads_alone and not self._pooled and not self.is_sqlite
        return AsyncSession(
            self._reader if reads_alone else self.engine,
            sync_session_class=ShopSession,
            expire_on_commit=False,
            info={
                "shop_id": shop_id,
                "write_lock": self._write_lock(),
                "pooled": self._pooled,
                "reads_alone": reads_alone,
            },
        )

    def _write_lock(self) -> asyncio.Lock | None:
        """SQLite has one writer, and its busy handler waits unfairly: queue inside the process instead."""
        if not self.is_sqlite:
            return None
        loop = asyncio.get_running_loop()
        if loop not in self._locks:
            self._locks[loop] = asyncio.Lock()
        return self._locks[loop]

    async def learn_sizes(self) -> None:
        """After a bulk load: tell the planner how much there is. Until then it takes every table for empty."""
        async with self.engine.connect() as connection:
            if not self.is_sqlite:
                await connection.exec_driver_sql("reset role")  # only the owner of a table may
            await connection.exec_driver_sql("analyze")
            await connection.commit()
            await connection.invalidate()  # it has left its role

    async def close(self) -> None:
        await self.engine.dispose()


def _count(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
    """What asks or changes something: not the beginning of a transaction, which the databases do in different ways."""
    if (count := counted.get()) is not None and statement != _TELL and not statement.startswith("BEGIN"):
        count.n += 1


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver must not send BEGIN itself; `_begin_sqlite` does
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Writers begin IMMEDIATE: a read snapshot cannot be made a write one while another writes."""
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _prepare_postgresql(connection: Any, _: object) -> None:
    """A superuser passes by row-level security: work as a role that cannot, when the migrations have made one."""
    cursor = connection.cursor()
    cursor.execute(
        "select 1 from pg_roles me, pg_roles app where me.rolname = current_user "
        "and (me.rolsuper or me.rolbypassrls) and app.rolname = $1",
        (APP_ROLE,),
    )
    if cursor.fetchone():
        cursor.execute(f"set role {APP_ROLE}")
    cursor.close()
    connection.commit()


# How a transaction begins, by whether the session's statements are their own transactions otherwise.
_WRITING = {
    False: {"sqlite_begin": "IMMEDIATE"},
    True: {"isolation_level": "READ COMMITTED"},
}
Hook = Callable[[], None]


def after_commit(db: AsyncSession, hook: Hook) -> None:
    """Run `hook` once the present transaction has been committed; never if it is rolled back."""
    db.info.setdefault("after_commit", []).append(hook)


@asynccontextmanager
async def transaction(db: AsyncSession) -> AsyncIterator[None]:
    """One business action: all of its rows, or none of them.

    Commits when the block ends and rolls back when it raises. A COMMIT that fails raises here, before any response
    exists, so a page never reports work that was lost. Rows loaded before are not locked: re-read what decides.
    """
    if db.info.get("in_transaction"):
        raise RuntimeError("a transaction inside a transaction")
    if db.new or db.dirty or db.deleted:
        raise RuntimeError("rows were changed outside a transaction")
    if db.in_transaction():
        await db.commit()  # ends the reading snapshot; nothing is pending
    lock: asyncio.Lock | None = db.info["write_lock"]
    if lock is not None:
        await lock.acquire()
    db.info["in_transaction"] = True
    db.info["after_commit"] = []
    try:
        await db.connection(execution_options=_WRITING[db.info["reads_alone"]])
        yield
        await db.commit()
    except BaseException:
        await db.rollback()
        db.info["after_commit"] = []
        raise
    finally:
        db.info["in_transaction"] = False
        if lock is not None:
            lock.release()
    for hook in db.info.pop("after_commit", []):
        hook()
