"""The rows of a CSV file as cells, read one by one, however long the file is."""

import csv
from collections.abc import Iterator, Mapping, Sequence

from loadstone.errors import TableError
from loadstone.figures.source import Source, explain


def read_cells(source: Source, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Read the rows of a CSV file that are not empty, each with its line. Raises `TableError` if it cannot be read."""
    try:
        with source.path.open(newline="", encoding=source.encoding, errors="replace") as file:
            reader = csv.reader(file, delimiter=separator)
            for cells in reader:
                if cells and (len(cells) > 1 or cells[0].strip()):
                    yield reader.line_num, cells
    except (OSError, UnicodeError, csv.Error) as error:
        raise TableError(f"{source.path}: cannot be read: {explain(error)}") from None


def cell(places: Mapping[str, int], cells: Sequence[str], name: str) -> str | None:
    """Return the cell of a column; None if the row does not have it."""
    place = places.get(name, len(cells))
    return cells[place] if place < len(cells) else None
