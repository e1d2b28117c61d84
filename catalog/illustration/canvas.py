"""A small SVG canvas: shapes go in, one document comes out. Presentation attributes only, so that a strict CSP allows it."""

import contextlib
import hashlib
import itertools
import random
import re
from collections.abc import Callable, Hashable, Iterator, Sequence

from catalog.illustration.color import Palette

WIDTH, HEIGHT = 1200, 800
Point = tuple[float, float]
Stop = tuple[float, str] | tuple[float, str, float]


def number(value: float) -> str:
    """A coordinate with at most one decimal, as short as it can be written."""
    return f"{value:.1f}".removesuffix(".0")


def polyline(points: Sequence[Point]) -> str:
    """Path data of straight lines through the points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def curve(points: Sequence[Point]) -> str:
    """Path data of a smooth line that starts and ends at the outer points and leans towards those between."""
    (x, y), *rest = points
    data = [f"M{number(x)} {number(y)}"]
    for (ax, ay), (bx, by) in itertools.pairwise(rest):
        data.append(f"Q{number(ax)} {number(ay)} {number((ax + bx) / 2)} {number((ay + by) / 2)}")
    data.append(f"L{number(rest[-1][0])} {number(rest[-1][1])}")
    return "".join(data)


def bow(start: Point, middle: Point, end: Point) -> str:
    """Path data of one arc that leans towards the middle point."""
    (ax, ay), (mx, my), (bx, by) = start, middle, end
    return f"M{number(ax)} {number(ay)}Q{number(mx)} {number(my)} {number(bx)} {number(by)}"


_TOKEN = re.compile(r"[A-Za-z]|-?\d*\.?\d+")


def fit(data: str, x: float, y: float, wide: float, tall: float | None = None) -> str:
    """Path data drawn around the origin, brought to (x, y) and scaled; capitals are absolute, as in SVG."""
    scale = (wide, wide if tall is None else tall)
    done: list[str] = []
    command, index = "M", 0
    for token in _TOKEN.findall(data):
        if token.isalpha():
            command, index = token, 0
            done.append(token)
            continue
        done.append(_fitted(float(token), command, index, (x, y), scale))
        index += 1
    return " ".join(done)


def _fitted(value: float, command: str, index: int, origin: Point, scale: Point) -> str:
    kind = command.upper()
    if kind == "A":
        if index % 7 in (2, 3, 4):  # rotation and the two flags stay as they are
            return number(value)
        axis = (0, 1, 0, 0, 0, 0, 1)[index % 7]
        return number(value * scale[axis] + (origin[axis] if command == "A" and index % 7 > 4 else 0))
    axis = {"H": 0, "V": 1}.get(kind, index % 2)
    return number(value * scale[axis] + (origin[axis] if command.isupper() else 0))


class Canvas:
    """1200 x 800 units. `rng` is seeded by the key, so the same key always draws the same picture."""

    def __init__(self, key: str, palette: Palette) -> None:
        digest = hashlib.sha256(key.encode()).hexdigest()
        self.rng = random.Random(digest)  # noqa: S311 - a drawing, not a secret
        self.palette = palette
        self._prefix = f"i{digest[:6]}"
        self._count = 0
        self._defs: list[str] = []
        self._body: list[str] = []
        self._stamps: dict[Hashable, str] = {}

    def new_id(self) -> str:
        """An id that no other picture on the page uses."""
        self._count += 1
        return f"{self._prefix}-{self._count}"

    def add(self, markup: str) -> None:
        """Append raw markup."""
        self._body.append(markup)

    def define(self, markup: str) -> None:
        """Append to the definitions."""
        self._defs.append(markup)

    def _gradient(self, tag: str, geometry: str, stops: Sequence[Stop]) -> str:
        name = self.new_id()
        inner = "".join(
            f'<stop offset="{number(100 * stop[0])}%" stop-color="{stop[1]}"'
            + (f' stop-opacity="{stop[2]:g}"' if len(stop) > 2 else "")
            + "/>"
            for stop in stops
        )
        self.define(f'<{tag} id="{name}" {geometry}>{inner}</{tag}>')
        return f"url(#{name})"

    def linear(self, *stops: Stop, x2: float = 0, y2: float = 1) -> str:
        """A gradient fill along the shape's own box, downwards by default."""
        return self._gradient("linearGradient", f'x1="0" y1="0" x2="{x2:g}" y2="{y2:g}"', stops)

    def radial(self, *stops: Stop) -> str:
        """A gradient fill from the centre of the shape outwards."""
        return self._gradient("radialGradient", 'cx=".5" cy=".5" r=".5"', stops)

    def path(self, data: str, fill: str = "none", *, opacity: float = 1, stroke: str = "", width: float = 0) -> None:
        """A path by its data."""
        faint = f' opacity="{opacity:g}"' if opacity < 1 else ""
        line = (
            f' stroke="{stroke}" stroke-width="{number(width)}" stroke-linecap="round" stroke-linejoin="round"' if stroke else ""
        )
        self.add(f'<path d="{data}" fill="{fill}"{faint}{line}/>')

    def polygon(self, points: Sequence[Point], fill: str, *, opacity: float = 1) -> None:
        """A closed shape with straight sides."""
        self.path(polyline(points) + "Z", fill, opacity=opacity)

    def line(self, points: Sequence[Point], stroke: str, width: float, *, opacity: float = 1) -> None:
        """An open line with straight parts."""
        self.path(polyline(points), opacity=opacity, stroke=stroke, width=width)

    def rect(self, x: float, y: float, width: float, height: float, fill: str, *, radius: float = 0, opacity: float = 1) -> None:
        """A rectangle by its upper left corner."""
        faint = f' opacity="{opacity:g}"' if opacity < 1 else ""
        round_ = f' rx="{number(radius)}"' if radius else ""
        box = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
        self.add(f'<rect {box} fill="{fill}"{round_}{faint}/>')

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: str, *, opacity: float = 1) -> None:
        """An ellipse by its centre."""
        faint = f' opacity="{opacity:g}"' if opacity < 1 else ""
        self.add(f'<ellipse cx="{number(x)}" cy="{number(y)}" rx="{number(rx)}" ry="{number(ry)}" fill="{fill}"{faint}/>')

    def circle(self, x: float, y: float, radius: float, fill: str, *, opacity: float = 1) -> None:
        """A circle by its centre."""
        self.ellipse(x, y, radius, radius, fill, opacity=opacity)

    def ring(self, x: float, y: float, radius: float, stroke: str, width: float, *, dashes: str = "", opacity: float = 1) -> None:
        """A circle's outline; `dashes` as in stroke-dasharray."""
        cut = f' stroke-dasharray="{dashes}"' if dashes else ""
        place = f'cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
        self.add(f'<circle {place} fill="none" stroke="{stroke}" stroke-width="{number(width)}" opacity="{opacity:g}"{cut}/>')

    @contextlib.contextmanager
    def group(self, *, transform: str = "", opacity: float = 1) -> Iterator[str]:
        """Everything drawn inside belongs to one group; yields its id for `again`."""
        name = self.new_id()
        moved = f' transform="{transform}"' if transform else ""
        faint = f' opacity="{opacity:g}"' if opacity < 1 else ""
        self.add(f'<g id="{name}"{moved}{faint}>')
        yield name
        self.add("</g>")

    @contextlib.contextmanager
    def clipped(self, data: str) -> Iterator[None]:
        """Everything drawn inside shows only within the path."""
        name = self.new_id()
        self.define(f'<clipPath id="{name}"><path d="{data}"/></clipPath>')
        self.add(f'<g clip-path="url(#{name})">')
        yield
        self.add("</g>")

    def stamp(self, name: Hashable, draw: Callable[[], None], *, x: float, y: float, scale: float, flip: bool = False) -> None:
        """Put a copy of a drawing at (x, y). `draw` is called once per `name` and draws around the origin."""
        if name not in self._stamps:
            outer, self._body = self._body, []
            draw()
            self._stamps[name] = self.new_id()
            self.define(f'<g id="{self._stamps[name]}">{"".join(self._body)}</g>')
            self._body = outer
        size = f"{-scale if flip else scale:.3g} {scale:.3g}" if flip else f"{scale:.3g}"
        self.add(f'<use href="#{self._stamps[name]}" transform="translate({x:.0f} {y:.0f}) scale({size})"/>')

    def again(self, name: str, *, transform: str, opacity: float = 1) -> None:
        """Draw an earlier group once more, moved: reflections."""
        faint = f' opacity="{opacity:g}"' if opacity < 1 else ""
        self.add(f'<use href="#{name}" transform="{transform}"{faint}/>')

    def document(self, view_box: str, title: str) -> str:
        """The finished SVG document."""
        label = title.replace("&", "&amp;").replace("<", "&lt;")
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view_box}" preserveAspectRatio="xMidYMid slice" role="img">'
            f"<title>{label}</title><defs>{''.join(self._defs)}</defs>{''.join(self._body)}</svg>"
        )
