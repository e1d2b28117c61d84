"""Third-party files are what they were when fetched, and nothing is loaded from elsewhere."""

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = json.loads((ROOT / "scrm/static/vendor/VENDOR.json").read_text())
APPS = sorted(path.parent for path in ROOT.glob("*/apps.py"))
TEMPLATES = sorted(path for app in APPS for path in app.glob("templates/**/*.html"))
OWN_ASSETS = sorted(
    path for app in APPS for kind in ("css", "js") for path in app.glob(f"static/**/*.{kind}") if "vendor" not in path.parts
)
LICENCES = {"0BSD", "MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MPL-2.0"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_every_file_matches_its_hash(package: dict[str, object]) -> None:
    folder = ROOT / str(package["folder"])
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert found == package["sha256"]
    assert package["licence"] in LICENCES
    assert "LICENSE" in found
    assert folder.name.endswith(f"-{package['version']}")


def test_nothing_lies_beside_the_list() -> None:
    listed = {Path(str(package["folder"])).name for package in PACKAGES}
    for home in (ROOT / "scrm/static/vendor", ROOT / "tests/browser/vendor"):
        assert {path.name for path in home.iterdir() if path.is_dir()} <= listed


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_load_nothing_from_elsewhere_and_run_nothing_inline(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.S)
    loads = re.findall(r"""<(?:script|link|img|iframe|use|source|object)\b[^>]*?(?:src|href|data)=["']?\s*(?:https?:)?//""", text)
    assert loads == []
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", text) == []
    assert re.findall(r"<style\b", text) == []
    assert re.findall(r"""\sstyle=["']""", text) == []
    assert re.findall(r"""\son[a-z]+=["']""", text) == []
    assert re.findall(r"hx-on|hx-vals=['\"]js:|hx-trigger=\"[^\"]*\[", text) == []


@pytest.mark.parametrize("path", OWN_ASSETS, ids=lambda path: str(path.relative_to(ROOT)))
def test_own_css_and_js_load_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"url\(\s*['\"]?(?:https?:)?//|@import\s|\beval\(|new Function\(|from ['\"]https?:", text) == []


def test_every_icon_that_is_named_exists() -> None:
    sprite = next((ROOT / "scrm/static/vendor").glob("lucide-static-*/sprite.svg")).read_text()
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    named = {name for path in TEMPLATES for name in re.findall(r'\{% icon "([^"]+)"', path.read_text())}
    assert named <= known
    assert known == set((ROOT / "scripts/icons.txt").read_text().split())
