"""A Parquet file that grows with the samples of a run."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


class RowFile:
    """Writes rows to `path`, a row group at a time. The file is complete after `close`.

    What writes Parquet is imported when the first rows are written: a run's processes need not wait for it.
    """

    def __init__(self, path: Path, schema: "Callable[[], pa.Schema]", rows_per_group: int) -> None:
        """`rows_per_group` is also about the number of rows that are held in memory."""
        self.path = path
        self._schema = schema
        self._rows_per_group = rows_per_group
        self._file: pq.ParquetWriter | None = None
        self._unwritten: list[tuple[object, ...]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, rows: Iterable[tuple[object, ...]]) -> None:
        """Add rows in the order of the schema's columns. Raises OSError if they cannot be written."""
        before = len(self._unwritten)
        self._unwritten += rows
        self._count += len(self._unwritten) - before
        if len(self._unwritten) >= self._rows_per_group:
            self._flush()

    def close(self) -> None:
        """Write the remaining rows and complete the file. Raises OSError."""
        self._flush().close()

    def _flush(self) -> "pq.ParquetWriter":
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = self._schema()
        if self._file is None:
            self._file = pq.ParquetWriter(self.path, schema, compression="zstd", write_page_checksum=True)
        if self._unwritten:
            columns = zip(*self._unwritten, strict=True)
            arrays = [pa.array(list(column)).cast(field.type) for column, field in zip(columns, schema, strict=True)]
            self._file.write_table(pa.Table.from_arrays(arrays, schema=schema))
            self._unwritten.clear()
        return self._file
