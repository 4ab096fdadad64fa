"""The protocol of all stores."""

from typing import Protocol

from server.albums import Album


class DuplicateAlbumError(Exception):
    """An album of that id is there already."""


class AlbumStore(Protocol):
    """A collection of albums, safe to use from several threads."""

    def dump(self) -> bytes:
        """Return all albums as a JSON array, the oldest first."""

    def get(self, album_id: str) -> Album | None:
        """Find one album, or None."""

    def add(self, album: Album) -> None:
        """Append an album. Raises `DuplicateAlbumError` where its id is taken."""

    def __len__(self) -> int:
        """Count the albums."""
