"""Forms as a browser sees them: every field with the value it would send."""

from html.parser import HTMLParser


class _FormReader(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action
        self.inside = False
        self.values: list[tuple[str, str]] = []
        self._select = ""
        self._area: list[str] | None = None
        self._first: str | None = None
        self._chosen = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = told.get("action", "") == self.action or told.get("hx-post", "") == self.action
        if not self.inside:
            return
        name = told.get("name", "")
        if tag == "input" and name and told.get("type") not in {"submit", "file"}:
            if told.get("type") not in {"checkbox", "radio"} or "checked" in told:
                self.values.append((name, told.get("value", "on" if told.get("type") == "checkbox" else "")))
        elif tag == "select":
            self._select, self._first, self._chosen = name, None, False
        elif tag == "option" and self._select:
            value = told.get("value", "")
            self._first = value if self._first is None else self._first
            if "selected" in told:
                self.values.append((self._select, value))
                self._chosen = True
        elif tag == "textarea" and name:
            self._select, self._area = name, []

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select" and self._select:
            if not self._chosen and self._first is not None:
                self.values.append((self._select, self._first))
            self._select = ""
        elif tag == "textarea" and self._area is not None:
            self.values.append((self._select, "".join(self._area).removeprefix("\n")))
            self._select, self._area = "", None


def form_values(html: str, action: str = "") -> dict[str, str]:
    """What the form with this action would send if nobody touched it; one value per name."""
    reader = _FormReader(action)
    reader.feed(html)
    return {name: value for name, value in reader.values if name != "csrfmiddlewaretoken"}
