"""Fetch the front-end's third-party files at exact versions into scrm/static/vendor/, with licences and hashes.

Run by a maintainer (`python3 scripts/vendor_assets.py`); users and CI need neither npm nor a network.
The result is committed. `tests/browser/test_vendor.py` holds the files to the hashes in VENDOR.json.
"""

import dataclasses
import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "scrm" / "static" / "vendor"
TESTS = ROOT / "tests" / "browser" / "vendor"
ALPINE_LICENCE = """MIT License

Copyright (c) Caleb Porzio and contributors

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without
limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the
Software, and to permit persons to whom the Software is furnished to do so, subject to the following
conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions
of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED
TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL
THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER
DEALINGS IN THE SOFTWARE.
"""
ICON_LIST = ROOT / "scripts" / "icons.txt"


@dataclasses.dataclass(frozen=True)
class Package:
    """One npm package: `files` maps a path inside it to our file name; `home` is the folder it goes below."""

    name: str
    version: str
    licence: str
    files: dict[str, str]
    home: Path = STATIC

    @property
    def folder(self) -> str:
        """Where its files live: the name without scope marks, a dash, the version."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}"


PACKAGES = [
    # 4.x is npm's "latest"; it needs explicit attribute inheritance and would silently drop the CSRF header.
    Package("htmx.org", "2.0.11", "0BSD", {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE"}),
    # The CSP build: expressions are parsed, never evaluated, so that script-src needs no unsafe-eval.
    Package("@alpinejs/csp", "3.17.4", "MIT", {"dist/cdn.min.js": "alpine-csp.min.js"}),
    Package("lucide-static", "1.62.0", "ISC", {"LICENSE": "LICENSE"}),
    Package("axe-core", "4.14.1", "MPL-2.0", {"axe.min.js": "axe.min.js", "LICENSE": "LICENSE"}, TESTS),
]


def unpack(package: Package, into: Path) -> Path:
    """Download a package with npm and unpack it; the folder that holds its files."""
    command = ["npm", "pack", f"{package.name}@{package.version}", "--silent", "--pack-destination", str(into)]
    archive = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
    with tarfile.open(into / archive) as tar:
        tar.extractall(into / package.folder, filter="data")
    return into / package.folder / "package"


def sprite(icons: Path) -> str:
    """One SVG file of <symbol>s from the icons named in icons.txt. Stroke attributes are set by the page's CSS."""
    symbols = []
    for name in ICON_LIST.read_text().split():
        source = (icons / f"{name}.svg").read_text()
        body = re.sub(r"\s*\n\s*", "", re.sub(r"<!--.*?-->", "", source, flags=re.S)).partition(">")[2].removesuffix("</svg>")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{body}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def install(package: Package) -> dict[str, object]:
    """Put one package's files in place and describe them for VENDOR.json."""
    target = package.home / package.folder
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        source = unpack(package, Path(scratch))
        for inside, ours in package.files.items():
            (target / ours).write_bytes((source / inside).read_bytes())
        if package.name == "@alpinejs/csp":  # its package holds no licence file
            (target / "LICENSE").write_text(ALPINE_LICENCE)
        if package.name == "lucide-static":
            (target / "sprite.svg").write_text(sprite(source / "icons"))
    return describe(package, target)


def describe(package: Package, target: Path) -> dict[str, object]:
    """Name, version, licence, source, and the SHA-256 of every file."""
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(target.iterdir())}
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "source": f"npm:{package.name}@{package.version}",
        "folder": str(target.relative_to(ROOT)),
        "sha256": hashes,
    }


def main() -> None:
    """Fetch everything and rewrite VENDOR.json."""
    entries = [install(package) for package in PACKAGES]
    (STATIC / "VENDOR.json").write_text(json.dumps(entries, indent=2) + "\n")
    print(f"{len(entries)} packages written below {STATIC.relative_to(ROOT)} and {TESTS.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
