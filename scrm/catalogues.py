"""Message catalogues without gettext's programs: msgids of Python and templates, merged into each app's zh_Hans .po, compiled.

An app owns the catalogue of what its own files say. scrm also owns the words of packages that ship no Chinese (unfold).
"""

import dataclasses
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polib
from babel.messages.extract import extract_python
from django.utils.translation import template

LANGUAGE = "zh_Hans"
ROOT = Path(__file__).resolve().parent.parent
BORROWED = {"scrm": ("unfold", "axes")}
_SKIPPED = {"migrations", "tests", "locale", "node_modules", "static", "__pycache__"}
_KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), ((1,),)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), ((1, 2),)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((-1, 2),)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((-1, 2, 3),)),
}
_PLACEHOLDER = re.compile(r"%\(\w+\)|%[sd]|\{\w*\}")
_HALF_WIDTH = re.compile(r"[\u4e00-\u9fff」）][,;:?!](?!//)|[,;:?!][\u4e00-\u9fff「]|[\u4e00-\u9fff]\([^()<>]*[\u4e00-\u9fff]")
_HEADER = {
    "Project-Id-Version": "scrm",
    "Language": LANGUAGE,
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}


@dataclasses.dataclass(frozen=True)
class Message:
    """One msgid with where it is said."""

    msgid: str
    plural: str = ""
    context: str = ""
    places: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What makes it one message: context and msgid."""
        return (self.context, self.msgid)


def apps() -> list[str]:
    """The project's own apps, in alphabetical order."""
    return sorted(path.parent.name for path in ROOT.glob("*/apps.py"))


def messages_of(app: str) -> dict[tuple[str, str], Message]:
    """Every message that an app's Python and templates say, and those of the packages it speaks for."""
    found: dict[tuple[str, str], Message] = {}
    known = _django_catalogue() if app in BORROWED else {}
    for folder, borrowed in [(ROOT / app, False), *((_package(name), True) for name in BORROWED.get(app, ()))]:
        for place, message in _said_in(folder):
            if borrowed and message.msgid in known:
                continue
            before = found.get(message.key, message)
            found[message.key] = dataclasses.replace(
                before, plural=before.plural or message.plural, places=tuple(dict.fromkeys((*before.places, place)))
            )
    return found


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).parent


def _django_catalogue() -> dict[str, str]:
    """The msgids that Django's own Chinese catalogues hold."""
    known: dict[str, str] = {}
    for name in ("django", "django.contrib.admin", "django.contrib.auth"):
        path = _package(name) / ("conf/locale" if name == "django" else "locale") / LANGUAGE / "LC_MESSAGES" / "django.mo"
        known |= {entry.msgid: entry.msgstr for entry in polib.mofile(str(path))}
    return known


def _said_in(folder: Path) -> Iterator[tuple[str, Message]]:
    for path in sorted(folder.rglob("*")):
        if (
            path.suffix not in {".py", ".html", ".txt", ".svg"}
            or _SKIPPED & set(path.relative_to(folder).parts)
            or not path.is_file()
        ):
            continue
        place = str(path.relative_to(folder.parent))
        for message in extract(path):
            yield place, message


def extract(path: Path) -> Iterator[Message]:
    """The messages of one file. Templates are first turned into Python by Django."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        if "{%" not in source and "{{" not in source:
            return
        source = "\n".join(line.strip() for line in template.templatize(source, origin=str(path)).splitlines())
    for function, arguments in _calls(source, path):
        message = _message(function, arguments)
        if message is not None:
            yield message


def _calls(source: str, path: Path) -> list[tuple[Any, object]]:
    keywords: Any = list(_KEYWORDS)
    try:
        found = list(extract_python(io.BytesIO(source.encode()), keywords, [], {"encoding": "utf-8"}))
    except (SyntaxError, tokenize.TokenError) as error:
        raise ValueError(f"{path} cannot be read as Python: {error}") from error
    return [(name or "_", arguments) for _line, name, arguments, _notes in found]


def _message(function: str, arguments: object) -> Message | None:
    texts = list(arguments) if isinstance(arguments, list | tuple) else [arguments]
    spec = _KEYWORDS[function][0]
    if len(texts) < len(spec) or not all(isinstance(text, str) and text for text in texts[: len(spec)]):
        return None
    words = [str(text) for text in texts]
    if spec[0] == -1:
        return Message(words[1], words[2] if len(spec) == 3 else "", words[0])
    return Message(words[0], words[1] if len(spec) == 2 else "")


def po_path(app: str) -> Path:
    """Where an app's catalogue lies."""
    return ROOT / app / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


def load(app: str) -> polib.POFile:
    """An app's catalogue; an empty one when there is none yet."""
    path = po_path(app)
    catalogue = polib.pofile(str(path), wrapwidth=0) if path.exists() else polib.POFile(wrapwidth=0)
    catalogue.metadata = dict(_HEADER)
    return catalogue


def merged(app: str, elsewhere: dict[tuple[str, str], str]) -> polib.POFile:
    """The catalogue brought up to date: new messages added, unused ones kept as obsolete.

    A message that has no translation yet takes the one another app gave it (`elsewhere`).
    """
    before = {(entry.msgctxt or "", entry.msgid): entry for entry in load(app)}
    catalogue = polib.POFile(wrapwidth=0)
    catalogue.metadata = dict(_HEADER)
    said = messages_of(app)
    for key, message in sorted(said.items(), key=lambda pair: (pair[1].places[0], pair[0][1], pair[0][0])):
        catalogue.append(_entry(message, before.get(key), elsewhere.get(key, "")))
    for key, entry in before.items():
        if key not in said:
            entry.obsolete, entry.occurrences = True, []
            catalogue.append(entry)
    return catalogue


def _entry(message: Message, old: polib.POEntry | None, elsewhere: str) -> polib.POEntry:
    told = (old.msgstr or (old.msgstr_plural or {}).get(0, "")) if old else ""
    told = told or elsewhere
    entry = polib.POEntry(
        msgid=message.msgid,
        msgctxt=message.context or None,
        occurrences=[(place, "") for place in message.places],
        tcomment=old.tcomment if old else "",
        flags=["python-format"] if "%(" in message.msgid or "%s" in message.msgid else [],
    )
    if message.plural:
        entry.msgid_plural, entry.msgstr_plural = message.plural, {0: told}
    else:
        entry.msgstr = told
    return entry


def translation(entry: polib.POEntry) -> str:
    """An entry's Chinese; Chinese has one form for all numbers."""
    return str((entry.msgstr_plural or {}).get(0, "") if entry.msgid_plural else entry.msgstr)


def told_by(names: Iterable[str]) -> dict[tuple[str, str], str]:
    """The translations that any of these apps' catalogues hold."""
    told: dict[tuple[str, str], str] = {}
    for app in names:
        for entry in load(app):
            if translation(entry) and not entry.obsolete:
                told.setdefault((entry.msgctxt or "", entry.msgid), translation(entry))
    return told


def write(app: str, elsewhere: dict[tuple[str, str], str]) -> int:
    """Bring an app's .po and .mo up to date; the number of messages still without a translation."""
    catalogue = merged(app, elsewhere)
    live = [entry for entry in catalogue if not entry.obsolete]
    path = po_path(app)
    if not live and not path.exists():
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(catalogue) + "\n", encoding="utf-8")
    path.with_suffix(".mo").write_bytes(catalogue.to_binary())
    return sum(not translation(entry) for entry in live)


def complaints(app: str) -> list[str]:
    """What is wrong with an app's catalogue: missing or unfit translations, a stale .mo. Empty when all is well."""
    catalogue, said = load(app), messages_of(app)
    entries = {(entry.msgctxt or "", entry.msgid): entry for entry in catalogue if not entry.obsolete}
    wrong = [
        f"{app}: no translation of {key[1]!r} ({message.places[0]})"
        for key, message in said.items()
        if key not in entries or not translation(entries[key])
    ]
    wrong += [f"{app}: placeholders differ in {entry.msgid!r}" for entry in entries.values() if not _same_placeholders(entry)]
    wrong += [
        f"{app}: half-width punctuation in {translation(entry)!r}"
        for entry in entries.values()
        if _HALF_WIDTH.search(translation(entry))
    ]
    binary = po_path(app).with_suffix(".mo")
    if po_path(app).exists() and (not binary.exists() or binary.read_bytes() != catalogue.to_binary()):
        wrong.append(f"{app}: django.mo is stale; run manage.py messages")
    return wrong


def _same_placeholders(entry: polib.POEntry) -> bool:
    told = translation(entry)
    asked = set(_PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
    return not told or set(_PLACEHOLDER.findall(told)) == asked


def conflicts(names: Iterable[str]) -> list[str]:
    """Messages that two apps translate differently: which one a page shows would depend on the order of the apps."""
    told: dict[tuple[str, str], tuple[str, str]] = {}
    wrong = []
    for app in names:
        for entry in load(app):
            key, text = (entry.msgctxt or "", entry.msgid), translation(entry)
            if entry.obsolete or not text:
                continue
            first = told.setdefault(key, (app, text))
            if first[1] != text:
                wrong.append(f"{entry.msgid!r}: {first[0]} says {first[1]!r}, {app} says {text!r}")
    return wrong
