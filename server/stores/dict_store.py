"""Albums in a hash map behind a lock."""

from collections import deque
from collections.abc import Sequence
from threading import Lock

import orjson

from server.albums import Album
from server.stores.base import DuplicateAlbumError


class DictStore:
    """A dict by id: lookup is O(1). Every operation holds the one lock."""

    def __init__(self, starting: Sequence[Album], albums_max: int | None = None) -> None:
        self._albums = {album.id: album for album in starting}
        self._posted: deque[str] = deque()
        self._max = albums_max
        self._lock = Lock()

    def dump(self) -> bytes:
        """Copy the values under the lock, and serialise them outside of it."""
        with self._lock:
            albums = list(self._albums.values())
        return orjson.dumps(albums)

    def get(self, album_id: str) -> Album | None:
        """Look the id up."""
        with self._lock:
            return self._albums.get(album_id)

    def add(self, album: Album) -> None:
        """Insert; if the store is full, remove the oldest posted album."""
        with self._lock:
            if album.id in self._albums:
                raise DuplicateAlbumError(album.id)
            if self._max is not None and len(self._albums) >= self._max:
                del self._albums[self._posted.popleft()]
            self._albums[album.id] = album
            if self._max is not None:
                self._posted.append(album.id)

    def __len__(self) -> int:
        with self._lock:
            return len(self._albums)
