"""Albums whose JSON is kept, so that listing them costs one copy instead of n serialisations."""

from collections import deque
from collections.abc import Sequence
from threading import Lock

import orjson

from server.albums import Album
from server.stores.base import DuplicateAlbumError


class CachedStore:
    """A dict for lookups, and the bytes of the JSON array, which each new album extends in place."""

    def __init__(self, starting: Sequence[Album], albums_max: int | None = None) -> None:
        self._albums = {album.id: album for album in starting}
        self._start = b",".join(orjson.dumps(album) for album in starting)
        self._tail = bytearray()  # posted albums, each after a comma
        self._posted: deque[tuple[str, int]] = deque()  # (id, length in the tail), for eviction
        self._max = albums_max
        self._lock = Lock()

    def dump(self) -> bytes:
        """Join the kept bytes."""
        with self._lock:
            body = self._start + self._tail
        return b"[%b]" % body.removeprefix(b",")

    def get(self, album_id: str) -> Album | None:
        """Look the id up."""
        with self._lock:
            return self._albums.get(album_id)

    def add(self, album: Album) -> None:
        """Insert, and extend the bytes; if the store is full, remove the oldest posted album from both."""
        text = b",%b" % orjson.dumps(album)
        with self._lock:
            if album.id in self._albums:
                raise DuplicateAlbumError(album.id)
            if self._max is not None and len(self._albums) >= self._max:
                oldest, length = self._posted.popleft()
                del self._albums[oldest]
                del self._tail[:length]
            self._albums[album.id] = album
            self._tail += text
            if self._max is not None:
                self._posted.append((album.id, len(text)))

    def __len__(self) -> int:
        with self._lock:
            return len(self._albums)
