"""Stores of albums, each a class behind the `AlbumStore` protocol.

A new store holds the starting albums. With `albums_max`, an album posted to a full store replaces the oldest *posted*
one. The starting albums stay, since users request them by id, and so does the newest album.
"""

from collections.abc import Sequence
from pathlib import Path

from server.albums import Album
from server.stores.base import AlbumStore, DuplicateAlbumError
from server.stores.cached_store import CachedStore
from server.stores.dict_store import DictStore
from server.stores.list_store import ListStore
from server.stores.sqlite_store import SqliteStore

IN_MEMORY: dict[str, type[ListStore | DictStore | CachedStore]] = {
    "list": ListStore,
    "dict": DictStore,
    "cached": CachedStore,
}

__all__ = ["IN_MEMORY", "AlbumStore", "DuplicateAlbumError", "open_store"]


def open_store(
    name: str, starting: Sequence[Album], *, albums_max: int | None = None, path: Path | None = None
) -> AlbumStore:
    """Make the store called `name`. `path` is the file of the sqlite store.

    Raises ValueError if the name is unknown.
    """
    if albums_max is not None:
        albums_max = max(albums_max, len(starting) + 1)
    if name == "sqlite":
        if path is None:
            raise ValueError("the sqlite store needs a path")
        return SqliteStore(path, starting, albums_max)
    if name not in IN_MEMORY:
        raise ValueError(f"no store is called {name}; there are {', '.join(IN_MEMORY)}, sqlite")
    return IN_MEMORY[name](starting, albums_max)
