"""Albums in a list, found by linear search, as in the published server."""

from collections.abc import Sequence
from threading import Lock

import orjson

from server.albums import Album
from server.stores.base import DuplicateAlbumError


class ListStore:
    """A list. Lookup is O(n), as published; a set of ids serves only to refuse duplicates.

    Readers take no lock: writers only append to the list or, if the store is full, replace the whole list or its last
    element.
    """

    def __init__(self, starting: Sequence[Album], albums_max: int | None = None) -> None:
        self._albums = list(starting)
        self._ids = {album.id for album in starting}
        self._kept = len(starting)
        self._max = albums_max
        self._writing = Lock()

    def dump(self) -> bytes:
        """Serialise every album."""
        return orjson.dumps(self._albums)

    def get(self, album_id: str) -> Album | None:
        """Look at one album after another."""
        for album in self._albums:
            if album.id == album_id:
                return album
        return None

    def add(self, album: Album) -> None:
        """Append; if the store is full, remove the oldest posted album."""
        with self._writing:
            if album.id in self._ids:
                raise DuplicateAlbumError(album.id)
            self._ids.add(album.id)
            if self._max is None or len(self._albums) < self._max:
                self._albums.append(album)
                return
            self._ids.remove(self._albums[self._kept].id)
            if self._max == self._kept + 1:  # in place: a store of constant size costs as little as an append
                self._albums[self._kept] = album
            else:
                self._albums = [*self._albums[: self._kept], *self._albums[self._kept + 1 :], album]

    def __len__(self) -> int:
        return len(self._albums)
