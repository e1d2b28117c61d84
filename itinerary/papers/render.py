"""Set a paper: data in, bytes out. The text of others is data to the template, never its source."""

import json
import pathlib
from typing import Any

import typst

HERE = pathlib.Path(__file__).parent
PICTURE_DPI = 144.0


class CannotSet(RuntimeError):
    """The template or the data is at fault; the message is typst's."""


def render(paper: str, data: dict[str, Any], form: str) -> bytes:
    """`paper` names a template beside this file ("proposal", "names"); `form` is "pdf", or "png" for one long page."""
    inputs = {"data": json.dumps(data, ensure_ascii=False, default=str), "form": form}
    source, fonts = str(HERE / f"{paper}.typ"), [str(HERE / "fonts")]
    try:
        found = typst.compile(
            source, font_paths=fonts, ignore_system_fonts=True, sys_inputs=inputs, format="pdf" if form == "pdf" else "png",
            ppi=PICTURE_DPI,
        )  # fmt: skip
    except typst.TypstError as error:
        raise CannotSet(str(error)[:300]) from error
    return bytes(found)
