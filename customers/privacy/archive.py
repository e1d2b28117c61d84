"""A person's data as one zip: a page to read, JSON for programs, CSV for spreadsheets. Pure: tables in, bytes out."""

import csv
import datetime as dt
import html
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from staff.rules import safe_cell

STYLE = (
    "body{font:16px/1.6 system-ui,'PingFang SC','Microsoft YaHei',sans-serif;color:#222}"
    "body{max-width:1100px;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;font-size:14px}th,td{border:1px solid #ddd;padding:.3rem .5rem;text-align:left}"
    "td{vertical-align:top;word-break:break-word}th{background:#f5f3ef}h2{margin-top:2.5rem}.wrap{overflow-x:auto}"
    "@media(prefers-color-scheme:dark){body{background:#1b1a18;color:#eee}th{background:#2b2926}th,td{border-color:#444}}"
)


class Part(Protocol):
    """A table of the copy: a file name, a title, rows of plain values."""

    @property
    def name(self) -> str:
        """Letters for a file name."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The rows."""
        ...


def build(parts: Sequence[Part], *, heading: str, note: str, at: dt.datetime, more: Mapping[str, Any] | None = None) -> bytes:
    """The zip's bytes: index.html, data.json, csv/NAME.csv. Cells that a spreadsheet would take for a formula are defused."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", page(parts, heading=heading, note=note))
        document = {
            "made_at": at.isoformat(timespec="seconds"),
            **(more or {}),
            "tables": {part.name: part.rows for part in parts},
        }
        archive.writestr("data.json", json.dumps(document, ensure_ascii=False, indent=1, default=str))
        for part in parts:
            archive.writestr(f"csv/{_file_name(part.name)}.csv", "\ufeff" + table_csv(part.rows))
    return out.getvalue()


def _file_name(name: str) -> str:
    return re.sub(r"[^a-z0-9_]", "", name)[:60]


def columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every column of the rows, in the order in which they first appear."""
    return list(dict.fromkeys(name for row in rows for name in row))


def table_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV."""
    out = io.StringIO()
    writer = csv.writer(out)
    names = columns(rows)
    writer.writerow([safe_cell(name) for name in names])
    for row in rows:
        writer.writerow([safe_cell(said(row.get(name))) for name in names])
    return out.getvalue()


def said(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def page(parts: Sequence[Part], *, heading: str, note: str) -> str:
    """The page to read: one table per part, everything escaped, nothing loaded from anywhere."""
    body = "".join(_section(part) for part in parts)
    links = "".join(
        f'<li><a href="#{_file_name(part.name)}">{html.escape(part.title)}</a> ({len(part.rows)})</li>' for part in parts
    )
    return (
        f'<!doctype html><html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(heading)}</title><style>{STYLE}</style></head><body><h1>{html.escape(heading)}</h1>"
        f"<p>{html.escape(note)}</p><ul>{links}</ul>{body}</body></html>"
    )


def _section(part: Part) -> str:
    names = columns(part.rows)
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(said(row.get(name)))}</td>" for name in names) + "</tr>" for row in part.rows
    )
    anchor = _file_name(part.name)
    return f'<h2 id="{anchor}">{html.escape(part.title)}</h2><div class="wrap"><table><tr>{head}</tr>{rows}</table></div>'
