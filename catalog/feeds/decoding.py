"""A supplier's file as a table: the house's reader, with our limits."""

from core.tables.decoding import Cell, Limits, Row, Table, UnreadableFile, as_text, column_samples
from core.tables.decoding import open_table as _open

MAX_BYTES = 20_000_000
MAX_ROWS = 50_000

__all__ = ["MAX_BYTES", "MAX_ROWS", "Cell", "Row", "Table", "UnreadableFile", "as_text", "column_samples", "open_table"]


def open_table(content: bytes) -> Table:
    """The table in a supplier's file. UnreadableFile says why it is none."""
    return _open(content, Limits(MAX_BYTES, MAX_ROWS))
