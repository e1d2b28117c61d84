"""Whole files: formats, encodings, traps, and what each column means."""

import io
import json
import zipfile

import pytest
import xlsxwriter

from catalog.choices import FeedField, FeedFormat, FileFault, ResourceKind
from catalog.feeds import decoding
from catalog.feeds.columns import guess_kind, propose
from catalog.feeds.decoding import UnreadableFile, column_samples, open_table
from core.tables.columns import Match

CSV = "名称,城市,门票\n西湖,杭州,0\n灵隐寺,杭州,75\n"


def fault(content: bytes) -> FileFault:
    with pytest.raises(UnreadableFile) as caught:
        open_table(content)
    return caught.value.fault


def workbook(rows: list[list[object]]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_csv_in_every_usual_encoding(encoding: str) -> None:
    table = open_table(CSV.encode(encoding))
    assert table.format == FeedFormat.CSV
    assert table.columns == ["名称", "城市", "门票"]
    assert [row.cells for row in table.rows] == [["西湖", "杭州", "0"], ["灵隐寺", "杭州", "75"]]
    assert [row.number for row in table.rows] == [2, 3]


@pytest.mark.parametrize("mark", ["\t", ";", "|"])
def test_other_separators(mark: str) -> None:
    assert open_table(CSV.replace(",", mark).encode()).columns == ["名称", "城市", "门票"]


def test_a_title_above_the_header_and_blank_lines_are_passed_over() -> None:
    table = open_table(f"2026年结算价表,,\n\n{CSV}\n,,\n".encode())
    assert table.columns == ["名称", "城市", "门票"]
    assert [row.number for row in table.rows] == [4, 5]


def test_cells_over_several_lines_and_repeated_headers() -> None:
    table = open_table('名称,备注,备注,\n"西湖","湖\n山",好,x\n'.encode())
    assert table.columns == ["名称", "备注", "备注 (2)"]
    assert table.rows[0].cells == ["西湖", "湖\n山", "好", "x"]


def test_excel_numbers_read_as_a_person_typed_them() -> None:
    table = open_table(workbook([["名称", "门票", "评分"], ["西湖", 0, 4.8], [None, None, None], ["灵隐寺", 75.5, 5]]))
    assert table.format == FeedFormat.XLSX
    assert [(row.number, row.cells) for row in table.rows] == [(2, ["西湖", "0", "4.8"]), (4, ["灵隐寺", "75.5", "5"])]


def test_json_as_pairs_as_objects_and_inside_an_object() -> None:
    record = {"名称": "故宫", "门票": 60, "周边景点": ["天坛", "北海"], "地铁": None}
    for shape in ([["故宫", record]], [record], {"data": [record], "total": 1}):
        table = open_table(json.dumps(shape).encode())
        assert table.format == FeedFormat.JSON
        assert table.rows[0].cells == ["故宫", "60", ["天坛", "北海"], None]


def test_columns_of_json_are_those_of_all_records() -> None:
    table = open_table(json.dumps([{"名称": "甲"}, {"名称": "乙", "价格": 1}]).encode())
    assert table.columns == ["名称", "价格"]
    assert table.rows[0].cells == ["甲", None]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", FileFault.EMPTY),
        ("名称,门票\n".encode(), FileFault.EMPTY),
        (b"[]", FileFault.EMPTY),
        (b'[["\xe6', FileFault.UNKNOWN_ENCODING),
        ('[["故宫", {"名称": "故宫"'.encode(), FileFault.BAD_JSON),
        (b'[{"a": NaN}]', FileFault.BAD_JSON),
        (b"[" * 100_000, FileFault.BAD_JSON),
        (b'{"a": 1}', FileFault.JSON_SHAPE),
        (b"[1, 2]", FileFault.JSON_SHAPE),
        (b'{"a": [], "b": []}', FileFault.JSON_SHAPE),
        ('名称,门票\n"西湖,0\n'.encode(), FileFault.BAD_CSV),
        (b"%PDF-1.7", FileFault.UNKNOWN_FORMAT),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileFault.UNKNOWN_FORMAT),
        (b"PK\x03\x04 broken", FileFault.BAD_XLSX),
        (b"\xff\xfe\x00\xd8\x00\x00", FileFault.UNKNOWN_ENCODING),
    ],
)
def test_files_of_no_use_say_why(content: bytes, expected: FileFault) -> None:
    assert fault(content) == expected


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_ROWS", 5)
    assert fault(("名称,价格\n" + "西湖,1\n" * 6).encode()) == FileFault.TOO_MANY_ROWS
    assert fault(json.dumps([{"名称": "西湖"}] * 6).encode()) == FileFault.TOO_MANY_ROWS
    assert fault(json.dumps([{f"c{n}": 1 for n in range(201)}]).encode()) == FileFault.TOO_MANY_COLUMNS
    monkeypatch.setattr(decoding, "MAX_BYTES", 10)
    assert fault(CSV.encode()) == FileFault.TOO_LARGE


def zipped(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_zip_that_is_no_workbook_and_one_that_unpacks_to_far_more() -> None:
    assert fault(zipped({"readme.txt": b"hi"})) == FileFault.UNKNOWN_FORMAT
    bomb = zipped({"xl/workbook.xml": b"<x/>", "xl/sharedStrings.xml": b"0" * 40_000_000})
    assert len(bomb) < 100_000
    assert fault(bomb) == FileFault.XLSX_BOMB


def test_a_bomb_that_lies_about_its_size() -> None:
    bomb = bytearray(zipped({"xl/workbook.xml": b"<x/>", "xl/sharedStrings.xml": b"0" * 40_000_000}))
    size = (40_000_000).to_bytes(4, "little")
    while (at := bomb.find(size)) >= 0:
        bomb[at : at + 4] = (10).to_bytes(4, "little")
    assert fault(bytes(bomb)) == FileFault.XLSX_BOMB


def test_one_cell_at_the_far_corner_does_not_take_all_memory() -> None:
    sheet = b'<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    assert fault(zipped({"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": sheet})) == FileFault.TOO_MANY_ROWS


def matched(columns: list[str], *rows: list[str]) -> dict[str, tuple[str, float]]:
    samples = [list(cells) for cells in zip(*rows, strict=True)] if rows else [[] for _ in columns]
    return {match.column: (str(match.field), match.confidence) for match in propose(columns, samples)}


def test_labels_tell_what_columns_mean() -> None:
    found = matched(
        ["名称", "所在城市", "门票 (元)", "游玩时间", "地铁", "Tel."], ["西湖", "杭州", "0", "3小时", "x", "0571-87179603"]
    )
    assert found == {
        "名称": ("name", 1.0), "所在城市": ("city", 1.0), "门票 (元)": ("price", 1.0), "游玩时间": ("duration", 1.0),
        "地铁": ("extra", 1.0), "Tel.": ("phone", 1.0),
    }  # fmt: skip


def test_part_of_a_label_is_less_sure_and_must_fit_the_values() -> None:
    found = matched(["酒店中文名称", "城市名称", "参考结算价", "价格说明"], ["西湖国宾馆", "杭州", "1280", "含双早"])
    assert found == {
        "酒店中文名称": ("name", 0.85), "城市名称": ("city", 0.85), "参考结算价": ("price", 0.85), "价格说明": ("extra", 1.0),
    }  # fmt: skip


def test_values_speak_where_the_label_is_silent_but_do_not_decide() -> None:
    found = matched(["名称", "列2", "列3"], ["西湖", "3小时", "0571-87179603"])
    assert found["列2"] == ("duration", 0.6)
    assert found["列3"] == ("phone", 0.6)
    assert not Match("列2", FeedField.DURATION, 0.6).is_certain


def test_two_columns_of_one_meaning_give_it_to_the_surer_one() -> None:
    found = matched(["产品结算价", "价格"], ["100", "120"])
    assert found == {"产品结算价": ("extra", 1.0), "价格": ("price", 1.0)}


def test_the_kind_is_told_by_words_or_labels() -> None:
    assert guess_kind(["名称"], ["景点", "景点"]) == ResourceKind.ATTRACTION
    assert guess_kind(["酒店名称", "房价"], []) == ResourceKind.HOTEL
    assert guess_kind(["名称", "人均消费"], []) == ResourceKind.RESTAURANT
    assert guess_kind(["名称", "价格"], []) is None
    assert guess_kind(["名称"], ["景点", "酒店"]) is None


def test_samples_are_the_first_filled_values() -> None:
    table = open_table("名称,门票\n西湖,\n灵隐寺,75\n".encode())
    assert column_samples(table) == [["西湖", "灵隐寺"], ["75"]]
