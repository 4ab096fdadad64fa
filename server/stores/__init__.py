"""Stores: where albums are kept. Each is one class behind the `AlbumStore` protocol.

A store is filled with the starting albums when it is made. With `albums_max`, an album posted to a full store pushes
out the oldest *posted* one: the starting albums stay, since users ask for them by id, and so does the newest.
"""

from collections.abc import Sequence
from pathlib import Path

from server.albums import Album
from server.stores.base import AlbumStore, DuplicateAlbumError
from server.stores.cached import CachedStore
from server.stores.dictionary import DictStore
from server.stores.linear import ListStore
from server.stores.sqlite import SqliteStore

IN_MEMORY: dict[str, type[ListStore | DictStore | CachedStore]] = {
    "list": ListStore,
    "dict": DictStore,
    "cached": CachedStore,
}

__all__ = ["IN_MEMORY", "AlbumStore", "DuplicateAlbumError", "open_store"]


def open_store(
    name: str, starting: Sequence[Album], *, albums_max: int | None = None, path: Path | None = None
) -> AlbumStore:
    """Make the store called `name`; `path` is where sqlite keeps its file.

    Raises ValueError where the name is unknown.
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
