"""A file of figures as text, whatever its encoding; its first part is enough to find out what it is."""

import codecs
import re
from dataclasses import dataclass, replace
from pathlib import Path

from loadstone.errors import TableError

MAX_BYTES = 32 * 2**20
"""Size of a file that is read as a whole. A log of single requests may be larger: it is read line by line."""
HEAD_BYTES = 64 * 2**10

_PACKED = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive; save the sheet as CSV",
    b"\x1f\x8b": "compressed; unpack it first",
    b"BZh": "compressed; unpack it first",
    b"\xfd7zXZ": "compressed; unpack it first",
    b"%PDF": "a PDF document; copy its table into a text file",
    b"\xd0\xcf\x11\xe0": "an Excel workbook; save the sheet as CSV",
    b"\x89PNG": "a picture; type its figures into a text file",
    b"PAR1": "a Parquet file; write it as CSV",
}
"""First bytes → what the file is, and what to do."""
_COLOUR = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file by its path, its encoding and its first part."""

    path: Path
    encoding: str
    head: str
    whole: bool
    """Whether `head` is all of the file."""

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    def read_whole(self) -> "Source":
        """Return the source with all of the file as its first part, unless the file is too large to be read so."""
        try:
            return (
                self
                if self.whole or self.path.stat().st_size > MAX_BYTES
                else replace(self, head=self.text(), whole=True)
            )
        except OSError as error:
            raise TableError(f"{self.path}: cannot be read: {explain(error)}") from None

    def text(self) -> str:
        """Read all of the file. Raises `TableError` if it is too large, or cannot be read."""
        if self.whole:
            return self.head
        try:
            size = self.path.stat().st_size
            if size > MAX_BYTES:
                raise TableError(f"{self.path}: {size / 2**20:,.0f} MB; allowed: at most {MAX_BYTES // 2**20} MB")
            content = self.path.read_bytes()
            try:
                return _plain(content.decode(self.encoding))
            except UnicodeDecodeError:
                # the first part was ASCII, what follows is not UTF-8
                return _plain(content.decode("cp1252", errors="replace"))
        except (OSError, UnicodeError) as error:
            raise TableError(f"{self.path}: cannot be read: {explain(error)}") from None


def open_source(path: Path) -> Source:
    """Look into a file. Raises `TableError` if it cannot be read, is empty, or is no text."""
    try:
        with path.open("rb") as file:
            content = file.read(HEAD_BYTES + 1)
    except (OSError, ValueError) as error:
        raise TableError(f"{path}: cannot be read: {explain(error)}") from None
    for start, what in _PACKED.items():
        if content.startswith(start):
            raise TableError(f"{path}: {what}")
    whole = len(content) <= HEAD_BYTES
    try:
        encoding, head = _decode(content, whole)
    except UnicodeError as error:
        raise TableError(f"{path}: cannot be read: {explain(error)}") from None
    if "\0" in head:
        raise TableError(f"{path}: no text file")
    if not head.strip():
        raise TableError(f"{path}: no rows: the file is empty")
    return Source(path=path, encoding=encoding, head=_plain(head), whole=whole)


def explain(error: Exception) -> str:
    """Name the cause of a failure to read, in a few words."""
    if isinstance(error, OSError):
        return error.strerror or "the file cannot be opened"
    return "its characters are not those of a text file" if isinstance(error, UnicodeError) else str(error)


def _plain(text: str) -> str:
    """Write line ends in one way, and take the colours of a terminal away."""
    return _COLOUR.sub("", text.replace("\r\n", "\n"))


def _decode(content: bytes, whole: bool) -> tuple[str, str]:
    """Decode the first part of a file: by its mark, else as UTF-8, else as Excel's Western European encoding."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding, _decode_start(content, encoding, whole)
    if content[1:2] == b"\0" and content[:1] != b"\0":
        return "utf-16-le", content[: len(content) // 2 * 2].decode("utf-16-le", errors="replace")
    try:
        return "utf-8", _decode_start(content, "utf-8", whole)
    except UnicodeDecodeError:
        return "cp1252", content.decode("cp1252", errors="replace")


def _decode_start(content: bytes, encoding: str, whole: bool) -> str:
    """Decode bytes that may end within a character."""
    return codecs.getincrementaldecoder(encoding)("strict").decode(content, final=whole)
