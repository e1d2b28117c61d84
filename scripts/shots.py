"""Pictures of pages for people to look at: 1440 and 390 px wide, light and dark, logged in as a given member of staff.

    .venv/bin/python scripts/shots.py /customers /campaigns/3 --user ops --out /tmp/shots [--base http://127.0.0.1:8000]

Writes customers-desktop-light.png and three more for each page, and prints what the browser complained about:
console errors, refused resources (CSP), failed requests. Exits 1 when there were any. Needs `chromium` on the PATH.
"""

import argparse
import os
import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

SIZES: dict[str, ViewportSize] = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+", help="paths such as /customers, or whole addresses")
    parser.add_argument("--base", default=os.environ.get("SCRM_PUBLIC_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--user", default="admin", help='who looks; "" for the anonymous')
    parser.add_argument("--password", default="demo-pass-2026")
    parser.add_argument("--out", type=Path, default=Path("shots"))
    parser.add_argument("--language", default="zh-hans", choices=["zh-hans", "en"])
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--themes", nargs="+", default=list(THEMES), choices=list(THEMES))
    parser.add_argument(
        "--click", action="append", default=[], help="a CSS selector to click before the picture; may be repeated"
    )
    parser.add_argument("--press", action="append", default=[], help="a key to press before the picture, such as Control+k")
    parser.add_argument("--fold", action="store_true", help="only what is visible without scrolling")
    return parser.parse_args()


def open_context(browser: Browser, size: str, theme: str, options: argparse.Namespace) -> BrowserContext:
    """A browser session of one size and theme, logged in."""
    context = browser.new_context(
        viewport=SIZES[size],
        device_scale_factor=1 if size == "desktop" else 2,
        color_scheme="dark" if theme == "dark" else "light",
        has_touch=size == "phone",
        locale="zh-CN",
    )
    cookies = [
        {"name": "theme", "value": theme, "url": options.base},
        {"name": "language", "value": options.language, "url": options.base},
    ]
    context.add_cookies(cookies)  # type: ignore[arg-type]
    if options.user:
        log_in(context.new_page(), options)
    return context


def log_in(page: Page, options: argparse.Namespace) -> None:
    """Through the real log-in page."""
    page.goto(f"{options.base}/login")
    page.fill("input[name=username]", options.user)
    page.fill("input[name=password]", options.password)
    page.click("form .btn.primary")
    page.wait_for_load_state()
    if "/login" in page.url:
        sys.exit(f"could not log in as {options.user}")
    page.close()


def listen(page: Page, complaints: list[str], where: str) -> None:
    """Collect what the browser complains about."""
    page.on("console", lambda message: complaints.append(f"{where}: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(f"{where}: {error}"))
    page.on("requestfailed", lambda request: complaints.append(f"{where}: {request.url} {request.failure}"))


def shoot(context: BrowserContext, path: str, name: str, options: argparse.Namespace, complaints: list[str]) -> Path:
    """One picture of one page."""
    page = context.new_page()
    listen(page, complaints, f"{path} ({name})")
    page.goto(path if path.startswith("http") else options.base + path, wait_until="networkidle")
    for selector in options.click:
        page.locator(f"{selector} >> visible=true").first.click()
    for key in options.press:
        page.keyboard.press(key)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(250)
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if overflow > 0:
        complaints.append(f"{path} ({name}): the page is {overflow} px wider than the screen")
    target: Path = options.out / f"{name}.png"
    page.screenshot(path=target, full_page=not options.fold)
    page.close()
    return target


def main() -> int:
    """All pages in all combinations; the number of complaints decides the exit code."""
    options = arguments()
    options.out.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("no chromium on the PATH; on Debian: apt-get install chromium fonts-noto-cjk")
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        for size in options.sizes:
            for theme in options.themes:
                context = open_context(browser, size, theme, options)
                for path in options.pages:
                    slug = re.sub(r"[^a-z0-9]+", "-", path.removeprefix(options.base).lower()).strip("-") or "home"
                    print(shoot(context, path, f"{slug}-{size}-{theme}", options, complaints))
                context.close()
        browser.close()
    print("\n".join(complaints) or "no complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
