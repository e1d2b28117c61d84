"""The tag system as a spreadsheet: out for people to edit, and in again, every complaint with its row."""

import dataclasses
import io
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter
from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import BadInput
from core.parsers import is_clean
from core.tables.decoding import Limits, UnreadableFile, open_table
from staff.models import User
from staff.services import write_audit
from tagging.choices import Dimension
from tagging.models import Tag, TagGroup
from tagging.services.taxonomy import save_group, save_tag
from tagging.services.versions import keep_version

MOST_ROWS = 5_000
LIMITS = Limits()
_HEADS = {
    "dimension": ("维度", "dimension"), "group": ("标签组", "分组", "组", "group"), "exclusive": ("互斥", "单选", "exclusive"),
    "name": ("标签", "标签名", "标签名称", "tag"), "description": ("说明", "含义", "描述", "description", "meaning"),
    "archived": ("停用", "归档", "archived"),
}  # fmt: skip
_YES = {"是", "y", "yes", "true", "1", "√", "互斥", "停用"}
_NO = {"", "否", "n", "no", "false", "0"}
# The words of both languages: a file written by one person is read in by another.
_DIMENSIONS = {
    "消费": "consumption", "行为": "behaviour", "兴趣": "interest", "生命周期": "lifecycle", "旅程": "trip_stage",
    "旅程阶段": "trip_stage", "来源": "source",
}  # fmt: skip


def export_tags() -> bytes:
    """Every group and tag as an .xlsx file, in the order of the library."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("标签")
        bold = book.add_format({"bold": True})
        for column, head in enumerate(("维度", "标签组", "互斥", "标签", "说明", "停用")):
            sheet.write_string(0, column, head, bold)
        tags = Tag.objects.select_related("group").order_by("group__position", "group_id", "position", "id")
        for number, tag in enumerate(tags, start=1):
            group = tag.group
            cells = (str(Dimension(group.dimension).label), group.name, _word(group.is_exclusive), tag.name, tag.description,
                     _word(tag.is_archived))  # fmt: skip
            for column, cell in enumerate(cells):
                sheet.write_string(number, column, cell)
        sheet.set_column(0, 5, 16)
        sheet.freeze_panes(1, 0)
    return target.getvalue()


def _word(is_so: bool) -> str:
    return "是" if is_so else "否"


@dataclasses.dataclass(frozen=True)
class Line:
    """One tag of the file."""

    number: int
    dimension: str
    group: str
    is_exclusive: bool
    name: str
    description: str
    is_archived: bool


@dataclasses.dataclass(frozen=True)
class Imported:
    """What an import did, and what it left out: (row, what is wrong)."""

    made: int
    changed: int
    complaints: tuple[tuple[int, str], ...] = ()


def import_tags(actor: User, content: bytes) -> Imported:
    """Make and change groups and tags as the file says; nothing is deleted. BadInput when the file itself is of no use.

    Rows that cannot be read are left out and told; the others count. Tags are matched by group and name.
    """
    try:
        table = open_table(content, LIMITS)
    except UnreadableFile as error:
        raise BadInput(_("This file cannot be read as a table."), {"file": str(error)}) from error
    heads = _heads(table.columns)
    if len(table.rows) > MOST_ROWS:
        raise BadInput(_("A file holds at most %(most)s tags.") % {"most": MOST_ROWS})
    lines: list[Line] = []
    complaints: list[tuple[int, str]] = []
    for row in table.rows:
        found = _line(dict(zip(table.columns, row.cells, strict=False)), row.number, heads)
        if isinstance(found, Line):
            lines.append(found)
        else:
            complaints.append((row.number, found))
    with transaction.atomic():
        keep_version(actor, _("before an import of %(n)s rows") % {"n": len(table.rows)})
        made, changed = _apply(actor, lines, complaints)
        write_audit(actor, "tags.import", None, {"made": made, "changed": changed, "left_out": len(complaints)})
    return Imported(made, changed, tuple(sorted(complaints)))


def _heads(columns: Sequence[str]) -> dict[str, str]:
    known = {word: name for name, words in _HEADS.items() for word in words}
    heads = {known[label.strip().lower()]: label for label in columns if label.strip().lower() in known}
    missing = [_HEADS[name][0] for name in ("group", "name") if name not in heads]
    if missing:
        raise BadInput(_("The file lacks these columns: %(names)s.") % {"names": "、".join(missing)})
    return heads


def _line(cells: Mapping[str, Any], number: int, heads: dict[str, str]) -> Line | str:
    def cell(name: str) -> str:
        return str(cells.get(heads.get(name, ""), "") or "").strip()

    group, name, description = cell("group"), cell("name"), cell("description")
    if not group or not name:
        return _("A row needs a group and a tag.")
    if len(group) > 30 or len(name) > 30 or len(description) > 120 or not is_clean(group + name + description):
        return _("Names have at most 30 characters, meanings at most 120.")
    dimension = _dimension(cell("dimension"))
    exclusive, archived = _truth(cell("exclusive")), _truth(cell("archived"))
    if dimension is None:
        return _("There is no dimension called “%(name)s”.") % {"name": cell("dimension")[:20]}
    if exclusive is None or archived is None:
        return _("Write yes or no.")
    return Line(number, dimension, group, exclusive, name, description, archived)


def _dimension(text: str) -> str | None:
    if not text:
        return Dimension.INTEREST
    labels = {str(label).lower(): value for value, label in Dimension.choices}
    return _DIMENSIONS.get(text) or labels.get(text.lower()) or (text if text in Dimension.values else None)


def _truth(text: str) -> bool | None:
    word = text.lower()
    return True if word in _YES else False if word in _NO else None


def _apply(actor: User, lines: Sequence[Line], complaints: list[tuple[int, str]]) -> tuple[int, int]:
    groups = {group.name: group for group in TagGroup.objects.all()}
    tags = {(tag.group_id, tag.name): tag for tag in Tag.objects.select_related("group")}
    made = changed = 0
    seen: dict[str, Line] = {}
    for line in lines:
        first = seen.setdefault(line.group, line)
        if (first.is_exclusive, first.dimension) != (line.is_exclusive, line.dimension):
            complaints.append((line.number, _("Row %(row)s says otherwise about the same group.") % {"row": first.number}))
            continue
        group = _group(actor, line, groups)
        tag = tags.get((group.pk, line.name))
        if tag is None:
            tag = tags[(group.pk, line.name)] = save_tag(actor, group=group, name=line.name, description=line.description)
            made += 1
        elif (tag.description, tag.is_archived) != (line.description, line.is_archived):
            tag.description = line.description
            changed += 1
        else:
            continue
        tag.is_archived = line.is_archived
        tag.save(update_fields=["description", "is_archived"])
    return made, changed


def _group(actor: User, line: Line, groups: dict[str, TagGroup]) -> TagGroup:
    group = groups.get(line.group)
    wanted = (line.dimension, line.is_exclusive)
    if group is None or (group.dimension, group.is_exclusive) != wanted:
        group = save_group(actor, name=line.group, dimension=line.dimension, is_exclusive=line.is_exclusive, group=group)
        groups[line.group] = group
    return group
