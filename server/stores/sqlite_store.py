"""Albums in an SQLite file that all worker processes share."""

import fcntl
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import orjson

from server.albums import Album
from server.stores.base import DuplicateAlbumError

BUSY_TIMEOUT_S = 10.0

# `position` grows with every insert and is never reused: its order is that of age, and the bound is a subtraction
SCHEMA = """
    CREATE TABLE IF NOT EXISTS albums (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        title TEXT NOT NULL,
        artist TEXT NOT NULL,
        price REAL NOT NULL
    )
"""


class SqliteStore:
    """A table indexed by id, in WAL mode: readers and the one writer do not wait for each other.

    Each thread has its own connection. The first worker process fills the table, and a lock file makes the others wait:
    SQLite ignores its busy timeout when several connections switch to WAL at once.
    """

    def __init__(self, path: Path, starting: Sequence[Album], albums_max: int | None = None) -> None:
        self._path = path
        self._kept = len(starting)
        self._max = albums_max
        self._local = threading.local()
        with path.with_name(path.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._fill(starting)

    def _fill(self, starting: Sequence[Album]) -> None:
        db = self._connection
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN IMMEDIATE")
        db.execute(SCHEMA)
        if not db.execute("SELECT EXISTS (SELECT 1 FROM albums)").fetchone()[0]:
            rows = ((a.id, a.title, a.artist, a.price) for a in starting)
            db.executemany("INSERT INTO albums (id, title, artist, price) VALUES (?, ?, ?, ?)", rows)
        db.execute("COMMIT")

    @property
    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            db.execute("PRAGMA synchronous = NORMAL")
            self._local.db = db
        return db

    def dump(self) -> bytes:
        """Read and serialise every row."""
        rows = self._connection.execute("SELECT id, title, artist, price FROM albums ORDER BY position")
        return orjson.dumps([{"id": i, "title": t, "artist": a, "price": p} for i, t, a, p in rows])

    def get(self, album_id: str) -> Album | None:
        """Look the id up in the index."""
        query = "SELECT id, title, artist, price FROM albums WHERE id = ?"
        row = self._connection.execute(query, (album_id,)).fetchone()
        return Album(id=row[0], title=row[1], artist=row[2], price=row[3]) if row else None

    def add(self, album: Album) -> None:
        """Insert and, if the store is full, delete the oldest posted album, in one transaction."""
        db = self._connection
        values = (album.id, album.title, album.artist, album.price)
        db.execute("BEGIN IMMEDIATE")
        try:
            insert = "INSERT INTO albums (id, title, artist, price) VALUES (?, ?, ?, ?)"
            position = db.execute(insert, values).lastrowid
            if self._max is not None and position is not None:
                newest_out = position - (self._max - self._kept)
                db.execute("DELETE FROM albums WHERE position > ? AND position <= ?", (self._kept, newest_out))
        except sqlite3.IntegrityError:
            db.execute("ROLLBACK")
            raise DuplicateAlbumError(album.id) from None
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def __len__(self) -> int:
        count: int = self._connection.execute("SELECT COUNT(*) FROM albums").fetchone()[0]
        return count
