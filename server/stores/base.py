"""The protocol of all stores."""

from typing import Protocol

from server.albums import Album


class DuplicateAlbumError(Exception):
    """An album with this id is already in the store."""


class AlbumStore(Protocol):
    """A collection of albums that several threads can use at once."""

    def dump(self) -> bytes:
        """Return all albums as a JSON array, oldest first."""

    def get(self, album_id: str) -> Album | None:
        """Find one album, or None."""

    def add(self, album: Album) -> None:
        """Append an album. Raises `DuplicateAlbumError` if its id is taken."""

    def __len__(self) -> int:
        """Count the albums."""
