"""A stranger's file as a table, whatever its format and encoding, with every trap closed."""

import csv
import dataclasses
import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
from python_calamine import CalamineError, CalamineWorkbook, WorksheetNotFound

from core.choices import FileFault, TableFormat

MAX_COLUMNS = 200
MAX_CELL = 20_000
MAX_UNPACKED = 200_000_000
MAX_RATIO = 200
HEADER_SEARCH_ROWS = 10

Cell = str | list[str] | None


@dataclasses.dataclass(frozen=True)
class Limits:
    """How large a file may be. `rows` bounds memory as well: a sheet is unpacked as a full rectangle."""

    max_bytes: int = 20_000_000
    rows: int = 50_000


class UnreadableFile(Exception):
    """The whole file is of no use; `fault` says why."""

    def __init__(self, fault: FileFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class Row(NamedTuple):
    """One row: `number` is the one a person sees in the file (JSON: position in the list, from 1)."""

    number: int
    cells: list[Cell]


@dataclasses.dataclass(frozen=True)
class Table:
    """A file opened: its columns' labels and its rows, blank rows left out."""

    format: TableFormat
    columns: list[str]
    rows: list[Row]


@dataclasses.dataclass
class Stream:
    """A file opened, its rows read one after the other: for files too long to be held as rows at once.

    A CSV that breaks in the middle raises UnreadableFile there; `rows` counts against the limits as it goes.
    """

    format: TableFormat
    columns: list[str]
    rows: Iterator[Row]
    lines: Iterator[list[str]] | None = None  # what `rows` reads from, of a CSV
    limit: int = 0

    def count(self, taken: int) -> int:
        """How many rows there are when `taken` were read, which is at least the first ten; afterwards none are left.

        Cells are not looked at. UnreadableFile as reading the rows would raise.
        """
        if self.lines is None:
            return taken + sum(1 for _row in self.rows)
        try:
            total = taken + sum(1 for cells in self.lines if "".join(cells).strip())
        except csv.Error as error:
            raise UnreadableFile(FileFault.BAD_CSV) from error
        if total > self.limit:
            raise UnreadableFile(FileFault.TOO_MANY_ROWS)
        return total


def open_table(content: bytes, limits: Limits | None = None) -> Table:
    """The table in the file; its format is told from the content, never from the name. UnreadableFile otherwise."""
    stream = open_stream(content, limits)
    rows = list(stream.rows)
    if not rows:
        raise UnreadableFile(FileFault.EMPTY)
    return Table(stream.format, stream.columns, rows)


def open_stream(content: bytes, limits: Limits | None = None) -> Stream:
    """Like `open_table`, without holding the rows. UnreadableFile when the beginning is of no use already."""
    limits = limits or Limits()
    if len(content) > limits.max_bytes:
        raise UnreadableFile(FileFault.TOO_LARGE)
    stream = _opener(content)(content, limits)
    if len(stream.columns) > MAX_COLUMNS:
        raise UnreadableFile(FileFault.TOO_MANY_COLUMNS)
    stream.rows, stream.limit = _counted(stream.rows, limits.rows), limits.rows
    return stream


def _opener(content: bytes) -> Callable[[bytes, Limits], Stream]:
    if content.startswith(b"PK"):
        return _from_xlsx
    if _is_binary(content):
        raise UnreadableFile(FileFault.UNKNOWN_FORMAT)
    return _from_text


def _from_text(content: bytes, limits: Limits) -> Stream:
    text = decode_text(content)
    return _from_json(text) if text.lstrip()[:1] in {"[", "{"} else _from_csv(text)


def _counted(rows: Iterator[Row], most: int) -> Iterator[Row]:
    for count, row in enumerate(rows, start=1):
        if count > most:
            raise UnreadableFile(FileFault.TOO_MANY_ROWS)
        yield row


def _is_binary(content: bytes) -> bool:
    head = content[:4]
    known = (b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"GIF8", b"\x1f\x8b", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf")
    return any(head.startswith(magic[: len(head)]) for magic in known) if head else False


# --- text -----------------------------------------------------------------------------------------


def decode_text(content: bytes) -> str:
    """The file's text: by its byte-order mark, else UTF-8, else UTF-16 by its zero bytes, else GB18030."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return _decoded(content, [encoding])
    sample = content[:4000]
    if sample.count(0) > len(sample) // 8:
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        return _decoded(content, ["utf-16-le" if odd > even else "utf-16-be"])
    return _decoded(content, ["utf-8", "gb18030"])


def _decoded(content: bytes, encodings: list[str]) -> str:
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(FileFault.UNKNOWN_ENCODING)


# --- CSV --------------------------------------------------------------------------------------------


def _from_csv(text: str) -> Stream:
    lines = text.lstrip("\ufeff")
    csv.field_size_limit(MAX_CELL * 4)
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=_delimiter(lines), strict=True)
    stream = _with_header(TableFormat.CSV, _csv_rows(reader))
    stream.lines = reader
    return stream


def _csv_rows(reader: Any) -> Iterator[Row]:
    try:
        for cells in reader:
            if "".join(cells).strip():
                yield Row(reader.line_num, [cell.strip() or None for cell in cells])
    except csv.Error as error:
        raise UnreadableFile(FileFault.BAD_CSV) from error


def _delimiter(text: str) -> str:
    """The separator that splits the first lines into most cells, the same number in each."""
    lines = [line for line in text[:20_000].splitlines()[:HEADER_SEARCH_ROWS] if line.strip()]
    if not lines:
        raise UnreadableFile(FileFault.EMPTY)
    scores = {mark: sorted(line.count(mark) for line in lines)[len(lines) // 2] for mark in (",", "\t", ";", "|")}
    best = max(scores, key=lambda mark: scores[mark])
    return best if scores[best] else ","


def _with_header(file_format: TableFormat, rows: Iterator[Row]) -> Stream:
    """Split off the header: the first row that names most columns (some files carry a title above it)."""
    head = list(itertools.islice(rows, HEADER_SEARCH_ROWS))
    if not head:
        raise UnreadableFile(FileFault.EMPTY)
    widest = max(sum(1 for cell in row.cells if cell) for row in head)
    start = next(index for index, row in enumerate(head) if sum(1 for cell in row.cells if cell) * 2 > widest)
    labels = [_label(cell) for cell in head[start].cells]
    while labels and not labels[-1]:
        labels.pop()
    return Stream(file_format, _distinct(labels), itertools.chain(head[start + 1 :], rows))


def _label(cell: Cell) -> str:
    return re.sub(r"\s+", " ", str(cell or "")).strip()[:60]


def _distinct(labels: list[str]) -> list[str]:
    """Labels made unique; an unnamed column is called by its number."""
    seen: dict[str, int] = {}
    result = []
    for index, label in enumerate(labels, start=1):
        name = label or f"#{index}"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


# --- Excel --------------------------------------------------------------------------------------------

_REFERENCE = re.compile(rb'<(?:c|row) [^>]*?r="([A-Z]{0,3})(\d{1,8})"')


def _from_xlsx(content: bytes, limits: Limits) -> Stream:
    """Values only: a formula counts with the value the file holds, and is never computed."""
    _refuse_bomb(content, limits)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = workbook.get_sheet_by_index(0)
        values = sheet.to_python(skip_empty_area=False)
    except (CalamineError, WorksheetNotFound, zipfile.BadZipFile, OSError, IndexError, ValueError) as error:
        raise UnreadableFile(FileFault.BAD_XLSX) from error
    return _with_header(TableFormat.XLSX, _sheet_rows(values))


def _sheet_rows(values: list[list[Any]]) -> Iterator[Row]:
    for number, line in enumerate(values, start=1):
        if any(value not in ("", None) for value in line):
            yield Row(number, [_spelled(value) for value in line])


def _refuse_bomb(content: bytes, limits: Limits) -> None:
    """Unpack every part piece by piece within a budget, whatever size its header claims; look for far-off cells."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise UnreadableFile(FileFault.UNKNOWN_FORMAT)
            budget = min(MAX_UNPACKED, max(len(content) * MAX_RATIO, 5_000_000))
            for part in archive.infolist():
                budget -= _unpacked_size(archive, part, budget, limits)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise UnreadableFile(FileFault.BAD_XLSX) from error


def _unpacked_size(archive: zipfile.ZipFile, part: zipfile.ZipInfo, budget: int, limits: Limits) -> int:
    part.file_size = budget + (1 << 20)  # read on to the true end of the packed stream, not to where the header says
    sheet = part.filename.startswith("xl/worksheets/")
    size, tail = 0, b""
    with archive.open(part) as stream:
        while piece := stream.read(1 << 16):
            size += len(piece)
            if size > budget:
                raise UnreadableFile(FileFault.XLSX_BOMB)
            if sheet:
                _refuse_far_cells(tail + piece, limits.rows * 2)
                tail = piece[-200:]
    return size


def _refuse_far_cells(xml: bytes, last_row: int) -> None:
    """A sheet is unpacked as a full rectangle: one cell at XFD1048576 would take all memory."""
    for letters, row in _REFERENCE.findall(xml):
        if int(row) > last_row:
            raise UnreadableFile(FileFault.TOO_MANY_ROWS)
        if letters and _column_number(letters) > MAX_COLUMNS:
            raise UnreadableFile(FileFault.TOO_MANY_COLUMNS)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


# --- JSON ---------------------------------------------------------------------------------------------


def _from_json(text: str) -> Stream:
    try:
        root = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError, ValueError) as error:
        raise UnreadableFile(FileFault.BAD_JSON) from error
    records = [_record(item) for item in _items(root)]
    columns: dict[str, None] = {}
    for record in records:
        columns.update(dict.fromkeys(record))
        if len(columns) > MAX_COLUMNS:
            raise UnreadableFile(FileFault.TOO_MANY_COLUMNS)
    labels = list(columns)
    rows = (Row(number, [_spelled(record.get(label)) for label in labels]) for number, record in enumerate(records, start=1))
    return Stream(TableFormat.JSON, _distinct([_label(label) for label in labels]), rows)


def _items(root: Any) -> list[Any]:
    """The list of resources: the root itself, or the one list of an object such as {"data": [...]}."""
    if isinstance(root, list):
        return root
    lists = [value for value in root.values() if isinstance(value, list)] if isinstance(root, dict) else []
    if len(lists) != 1:
        raise UnreadableFile(FileFault.JSON_SHAPE)
    found: list[Any] = lists[0]
    return found


def _record(item: Any) -> dict[str, Any]:
    """One resource: an object, or a pair of its name and an object."""
    if isinstance(item, dict):
        return item
    if isinstance(item, list) and len(item) == 2 and isinstance(item[1], dict):
        record: dict[str, Any] = item[1]
        return record
    raise UnreadableFile(FileFault.JSON_SHAPE)


# --- cells --------------------------------------------------------------------------------------------


def _spelled(value: Any) -> Cell:
    """A cell of any type as text, as a person would type it: 60.0 is 60. Lists keep their parts."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, list):
        return [part for part in (_part(item) for item in value[:200]) if part]
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode("utf-8", "replace")[:MAX_CELL]
    return _number_text(value) if isinstance(value, int) else str(value).strip() or None


def _part(value: Any) -> str:
    spelled = _spelled(value) if not isinstance(value, (list, dict)) else None
    return spelled if isinstance(spelled, str) else ""


def _number_text(value: int) -> str:
    return str(value) if abs(value) < 10**30 else "9" * 31


def as_text(cell: Cell) -> str:
    """A cell as one text; the parts of a list are joined by 、."""
    if isinstance(cell, list):
        return "、".join(cell)
    return cell or ""


def column_samples(table: Table, limit: int = 50) -> list[list[str]]:
    """The first filled values of each column."""
    samples: list[list[str]] = [[] for _ in table.columns]
    for row in table.rows[: limit * 2]:
        for sample, cell in zip(samples, row.cells, strict=False):
            if cell and len(sample) < limit:
                sample.append(as_text(cell))
    return samples
