"""Everything the stand-in remembers, in one SQLite file that several processes may open at once.

One BEGIN IMMEDIATE transaction per request: requests are served one after the other, as Stripe's effects appear to be.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.sandbox.stripe.errors import missing

Body = dict[str, Any]

TABLES = """
CREATE TABLE IF NOT EXISTS objects (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, kind TEXT, account TEXT,
  origin TEXT, body TEXT, hidden TEXT);
CREATE INDEX IF NOT EXISTS objects_kind ON objects (kind, account, seq);
CREATE TABLE IF NOT EXISTS entries (seq INTEGER PRIMARY KEY AUTOINCREMENT, posting TEXT, owner TEXT, pot TEXT,
  currency TEXT, amount INTEGER);
CREATE INDEX IF NOT EXISTS entries_owner ON entries (owner, pot, currency);
CREATE TABLE IF NOT EXISTS due (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, deed TEXT, id TEXT);
CREATE INDEX IF NOT EXISTS due_at ON due (at);
CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, params TEXT, status INTEGER, body TEXT, at REAL);
CREATE TABLE IF NOT EXISTS requests (seq INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT, path TEXT, params TEXT,
  idempotency_key TEXT, account TEXT, status INTEGER, code TEXT);
CREATE TABLE IF NOT EXISTS refusals (seq INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT, path TEXT, params TEXT,
  code TEXT, param TEXT, message TEXT);
CREATE TABLE IF NOT EXISTS deliveries (seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT, type TEXT, endpoint TEXT,
  url TEXT, secret TEXT, status TEXT, attempts INTEGER DEFAULT 0, next_at REAL DEFAULT 0, answer INTEGER, error TEXT,
  place REAL);
CREATE INDEX IF NOT EXISTS deliveries_status ON deliveries (status, next_at);
CREATE TABLE IF NOT EXISTS faults (seq INTEGER PRIMARY KEY AUTOINCREMENT, remaining INTEGER, method TEXT, path TEXT,
  answer TEXT, at TEXT, keep INTEGER, delay_ms INTEGER);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT);
"""
KEPT_REQUESTS = 20_000


class Store:
    """The rows, inside one open transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def setting(self, name: str, default: Any) -> Any:
        row = self.db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set(self, name: str, value: Any) -> None:
        self.db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))

    def now(self) -> int:
        """Unix seconds by the stand-in's own clock: real time plus what /_control/clock added."""
        return int(time.time()) + int(self.setting("clock_offset", 0))

    def add(self, body: Body, *, account: str = "", origin: str = "", **hidden: Any) -> Body:
        """Keep a new object. account: "" for the platform's own. origin: scheme://host of the shop it belongs to."""
        self.db.execute(
            "INSERT INTO objects (id, kind, account, origin, body, hidden) VALUES (?, ?, ?, ?, ?, ?)",
            (body["id"], body["object"], account, origin, json.dumps(body), json.dumps(hidden)),
        )
        return body

    def save(self, body: Body) -> Body:
        self.db.execute("UPDATE objects SET body = ? WHERE id = ?", (json.dumps(body), body["id"]))
        return body

    def remove(self, id: str) -> None:
        self.db.execute("DELETE FROM objects WHERE id = ?", (id,))

    def find(self, id: str, kind: str = "", account: str | None = None) -> Body | None:
        """The object of that id, or None; with kind or account, only if it is of them."""
        row = self.db.execute("SELECT body, kind, account FROM objects WHERE id = ?", (id,)).fetchone()
        if row is None or (kind and row[1] != kind) or (account is not None and row[2] != account):
            return None
        body: Body = json.loads(row[0])
        return body

    def get(self, kind: str, id: str, *, account: str | None = None, param: str = "id", status: int = 404) -> Body:
        """The object of that id and kind. Raises Refuse resource_missing."""
        found = self.find(id, kind, account)
        if found is None:
            raise missing(kind, id, param, status)
        return found

    def hidden(self, id: str) -> dict[str, Any]:
        """What the stand-in knows of an object and Stripe would not show."""
        row = self.db.execute("SELECT hidden FROM objects WHERE id = ?", (id,)).fetchone()
        known: dict[str, Any] = json.loads(row[0]) if row else {}
        return known

    def hide(self, id: str, **known: Any) -> None:
        self.db.execute("UPDATE objects SET hidden = ? WHERE id = ?", (json.dumps(self.hidden(id) | known), id))

    def owner(self, id: str) -> tuple[str, str]:
        """(account, origin) of an object; ("", "") for what is unknown."""
        row = self.db.execute("SELECT account, origin FROM objects WHERE id = ?", (id,)).fetchone()
        return (row[0], row[1]) if row else ("", "")

    def settle_at(self, id: str, origin: str) -> None:
        """The shop that an object without one belongs to, once it is known."""
        self.db.execute("UPDATE objects SET origin = ? WHERE id = ? AND origin = ''", (origin, id))

    def select(self, kind: str, account: str | None = None, **equal: Any) -> list[Body]:
        """Objects of a kind, newest first, whose top-level fields equal what is given."""
        where, values = ["kind = ?"], [kind]
        if account is not None:
            where.append("account = ?")
            values.append(account)
        for field, wanted in equal.items():
            where.append(f"json_extract(body, '$.{field}') = ?")
            values.append(wanted)
        sql = f"SELECT body FROM objects WHERE {' AND '.join(where)} ORDER BY seq DESC"  # noqa: S608 (field names are ours)
        return [json.loads(row[0]) for row in self.db.execute(sql, values)]

    def schedule(self, at: int, deed: str, id: str) -> None:
        """Have `deed` done to `id` once the clock passes `at` (Unix seconds)."""
        self.db.execute("INSERT INTO due (at, deed, id) VALUES (?, ?, ?)", (at, deed, id))

    def pop_due(self, now: int) -> tuple[str, str, int] | None:
        """The oldest deed whose time has come, taken off the list: (deed, id, at)."""
        row = self.db.execute(
            "SELECT seq, deed, id, at FROM due WHERE at <= ? ORDER BY at, seq LIMIT 1", (now,)
        ).fetchone()
        if row is None:
            return None
        self.db.execute("DELETE FROM due WHERE seq = ?", (row[0],))
        return row[1], row[2], row[3]

    def record_request(self, row: tuple[Any, ...]) -> None:
        """row: method, path, params (JSON), idempotency key, account, status, code."""
        cursor = self.db.execute(
            "INSERT INTO requests (method, path, params, idempotency_key, account, status, code) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        self.db.execute("DELETE FROM requests WHERE seq <= ?", ((cursor.lastrowid or 0) - KEPT_REQUESTS,))

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of any table as dicts."""
        cursor = self.db.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


class State:
    """The file. A connection per transaction, so that threads and processes never share one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(TABLES)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        try:
            db.execute("PRAGMA synchronous = NORMAL")
            yield db
        finally:
            db.close()

    @contextmanager
    def transaction(self) -> Iterator[Store]:
        """All of it or nothing; waits up to 30 s for another process to finish its own."""
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield Store(db)
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise

    def reset(self) -> None:
        """Forget everything, the clock and the settings included."""
        with self.transaction() as store:
            for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"):
                store.db.execute(f"DELETE FROM {row['name']}")  # noqa: S608 (our own table names)
