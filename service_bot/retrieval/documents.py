"""Files of knowledge become passages: paragraphs joined up to some three hundred characters, under the heading they stand."""

import csv
import io
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

logger = logging.getLogger(__name__)

LONGEST = 320  # characters of a passage: an answer that still reads well in a chat
MOST_PASSAGES = 2_000
_HEADING = re.compile(
    r"^(#{1,6}\s+.+|第[一二三四五六七八九十百\d]+[章节条部分].{0,40}|[一二三四五六七八九十]+[、.].{1,40}|\d+(\.\d+)*[、.\s]\S.{0,40})$"
)
_SENTENCE = re.compile(r"(?<=[。!！?？;；])")


class UnreadableFile(ValueError):
    """The file cannot be read as what its name says."""


@dataclass(frozen=True)
class Passage:
    """A piece of a document and the heading above it."""

    heading: str
    text: str


def read_text(name: str, content: bytes) -> str:
    """The text of a docx, xlsx, pdf, md or txt file, a paragraph or row a line. Raises `UnreadableFile`."""
    ending = name.rsplit(".", 1)[-1].lower()
    readers = {"docx": _docx, "xlsx": _xlsx, "pdf": _pdf}
    try:
        text = readers[ending](content) if ending in readers else _plain(content)
    except UnreadableFile:
        raise
    except Exception as fault:  # a stranger's file: the three readers of packages raise whatever their parsers meet
        logger.warning("a %s file could not be read", ending, exc_info=fault)
        raise UnreadableFile(ending) from fault
    return text.replace("\x00", "")


def _docx(content: bytes) -> str:
    import docx

    document = docx.Document(io.BytesIO(content))
    lines = [paragraph.text for paragraph in document.paragraphs]
    lines += ["：".join(cell.text.strip() for cell in row.cells) for table in document.tables for row in table.rows]
    return "\n".join(lines)


def _xlsx(content: bytes) -> str:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
    return "\n".join("：".join(str(cell).strip() for cell in row if str(cell).strip()) for row in rows)


def _pdf(content: bytes) -> str:
    from pypdf import PdfReader

    return "\n".join(page.extract_text() or "" for page in PdfReader(io.BytesIO(content)).pages)


def _plain(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile("text")


HEADINGS = {
    "问题": "question", "标准问题": "question", "相似问题": "similar", "相似问": "similar", "答案": "answer", "回答": "answer",
    "类型": "kind", "主题": "topic", "应答": "expected_question", "预期问题": "expected_question", "答案包含": "expected",
    "金标": "golden",
}  # fmt: skip


def read_rows(name: str, content: bytes) -> list[dict[str, str]]:
    """The rows of a csv or xlsx file by their headings (Chinese ones known), at most 5,000. Raises `UnreadableFile`."""
    try:
        table = _table(content) if name.lower().endswith(".xlsx") else list(csv.reader(io.StringIO(_plain(content))))
    except UnreadableFile:
        raise
    except Exception as fault:  # a stranger's file: the packages raise whatever their parsers meet
        raise UnreadableFile("rows") from fault
    if not table:
        return []
    heads = [HEADINGS.get(cell.strip(), cell.strip().lower()) for cell in table[0]]
    rows = [dict(zip(heads, [cell.replace("\x00", "") for cell in row], strict=False)) for row in table[1:5_001]]
    return [row for row in rows if any(value.strip() for value in row.values())]


def _table(content: bytes) -> list[list[str]]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return [[str(cell) for cell in row] for row in book.get_sheet_by_index(0).to_python()]


def cut(text: str) -> list[Passage]:
    """Passages of a text, in order. A paragraph that is too long is cut between sentences."""
    passages: list[Passage] = []
    heading, held = "", ""
    for line in _lines(text):
        if _HEADING.match(line):
            passages += [Passage(heading, held)] if held else []
            heading, held = line.lstrip("#").strip(), ""
        elif held and len(held) + len(line) > LONGEST:
            passages.append(Passage(heading, held))
            held = line
        else:
            held = f"{held}\n{line}" if held else line
    passages += [Passage(heading, held)] if held else []
    return passages[:MOST_PASSAGES]


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        piece = ""
        for sentence in _SENTENCE.split(line.strip()):
            for start in range(0, len(sentence), LONGEST):
                part = sentence[start : start + LONGEST]
                if piece and len(piece) + len(part) > LONGEST:
                    yield piece
                    piece = ""
                piece += part
        if piece:
            yield piece
