"""The shell's tables: navigation, palette actions, palette sources; and the context every page gets."""

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from staff.models import AgencyPolicy
from staff.rules import can

THEMES = ("auto", "light", "dark")
DENSITIES = ("comfortable", "compact")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One page of the navigation. `go` is the letter of its `G` shortcut; `tab`: it is on the phone's tab bar."""

    label: Any
    path: str
    ability: str
    icon: str
    go: str = ""
    tab: bool = False

    @property
    def exists(self) -> bool:
        """Whether a view answers there already: a part that is not installed shows no dead link."""
        return _resolves(self.path)


@dataclasses.dataclass(frozen=True)
class Group:
    """Entries under one heading; the first group has none."""

    label: Any
    entries: tuple[Entry, ...]


@dataclasses.dataclass(frozen=True)
class PaletteItem:
    """One line of the palette. `kind` is the heading it stands under, `note` the small text at its end."""

    label: str
    url: str
    icon: str = "circle"
    kind: str = ""
    note: str = ""
    theme: str = ""
    keys: bool = False


NAVIGATION = (
    Group("", (Entry(_("Workbench"), "/", "workbench.view", "layout-dashboard", "w", tab=True),)),
    Group(
        _("Customers"),
        (
            Entry(_("Customer list"), "/customers", "customers.view", "users-round", "c", tab=True),
            Entry(_("Tags"), "/tags", "tags.view", "tags", "t"),
            Entry(_("Segments"), "/segments", "segments.view", "circle-dot", "s"),
        ),
    ),
    Group(
        _("Trips and orders"),
        (
            Entry(_("Itineraries"), "/itineraries", "orders.view", "route", "n"),
            Entry(_("Departures"), "/departures", "orders.view", "plane-takeoff", "g"),
            Entry(_("Products"), "/products", "products.view", "luggage", "p"),
            Entry(_("Suppliers and resources"), "/suppliers", "suppliers.view", "boxes", "r"),
            Entry(_("Content library"), "/content", "products.view", "image", "x"),
            Entry(_("Orders"), "/orders", "orders.view", "receipt-text", "o", tab=True),
            Entry(_("Merchants"), "/merchants", "merchants.manage", "store", "h"),
            Entry(_("Bills"), "/bills", "bills.view", "scale"),
            Entry(_("Merchant assistant"), "/merchant", "merchants.work", "scan-line", "z", tab=True),
        ),
    ),
    Group(
        _("Marketing"),
        (
            Entry(_("Campaigns"), "/campaigns", "campaigns.view", "megaphone", "m"),
            Entry(_("Journeys"), "/journeys", "campaigns.view", "workflow", "j"),
            Entry(_("Moments"), "/moments", "campaigns.view", "image", "v"),
            Entry(_("Channels and live codes"), "/channels", "channels.view", "qr-code", "l"),
            Entry(_("Members and benefits"), "/membership", "membership.view", "crown", "b"),
            Entry(_("Coupons"), "/coupons", "membership.view", "ticket-percent", "u"),
            Entry(_("Acquisition"), "/acquisition", "channels.view", "coins", "q"),
            Entry(_("Follow-up tasks"), "/tasks", "tasks.view", "list-checks", "f", tab=True),
        ),
    ),
    Group(
        _("Service"),
        (
            Entry(_("Inbox"), "/inbox", "inbox.work", "messages-square", "i"),
            Entry(_("Knowledge"), "/kb", "knowledge.view", "book-open", "k"),
            Entry(_("Assistant quality"), "/bot/evals", "knowledge.view", "gauge", ""),
        ),
    ),
    Group(_("Insights"), (Entry(_("Analytics"), "/analytics", "campaigns.view", "chart-column", "a"),)),
    Group(
        _("Settings"),
        (
            Entry(_("Data sources"), "/data", "data.view", "database-zap", "d"),
            Entry(_("Settings and audit"), "/settings", "settings.view", "settings-2", ","),
        ),
    ),
)

# Things one can start from anywhere: (label, path, ability, icon). Shown only where the path answers.
ACTIONS = (
    Entry(_("New campaign"), "/campaigns/new", "campaigns.edit", "plus"),
    Entry(_("Hand-over of customers"), "/handovers", "customers.assign", "handshake"),
    Entry(_("WeCom sidebar"), "/wecom/sidebar", "customers.view", "panel-right"),
    Entry(_("New segment"), "/segments/new", "segments.manage", "plus"),
    Entry(_("New itinerary"), "/itineraries/new", "orders.create", "plus"),
    Entry(_("New coupon"), "/coupons/new", "membership.manage", "plus"),
    Entry(_("Redeem a coupon"), "/coupons/redeem", "coupons.redeem", "scan-line"),
    Entry(_("Import a supplier feed"), "/suppliers/import", "suppliers.import", "upload"),
    Entry(_("Invite a member of staff"), "/settings/staff/new", "staff.manage", "user-plus"),
    Entry(_("Quiet hours, caps and approval"), "/settings/policy", "settings.view", "shield-check"),
    Entry(_("Audit log"), "/settings/audit", "audit.view", "scroll-text"),
    Entry(_("Privacy: requests, texts, registers"), "/settings/privacy", "audit.view", "shield-check"),
    Entry(_("My account and two-step log-in"), "/settings/me", "settings.view", "user-cog"),
    Entry(_("Simulated phones"), "/sim/", "sim.use", "smartphone"),
    Entry(_("Reference tables (admin)"), "/admin/", "admin.use", "database"),
)

# Who contributes records: callables (user, text, limit) -> list[PaletteItem], already within the user's row scope.
PALETTE_SOURCES: tuple[str, ...] = (
    "customers.queries.palette",
    "tagging.queries.palette",
    "orders.queries.palette",
    "catalog.queries.palette",
    "campaigns.queries.palette",
)

# The initials of the Chinese labels' pinyin: `khlb` finds 客户列表. A test holds them to pypinyin, whose dictionaries
# would cost a web process 59 MB for these few words.
SPELLED = {
    "工作台": "gzt", "客户列表": "khlb", "标签": "bq", "客群": "kq", "产品": "cp", "行程": "xc",
    "商户": "sh", "对账": "dz", "商户助手": "shzs",
    "新建行程": "xjxc", "出团看板": "ctkb", "供应商与资源": "gysyzy", "素材库": "sck", "订单": "dd",
    "营销活动": "yxhd", "引流获客": "ylhk", "客户旅程": "khlc", "朋友圈": "pyq", "获客投产": "hktc",
    "客户交接": "khjj", "企微侧边栏": "qwcbl", "跟进任务": "gjrw", "会员与权益": "hyyqy",
    "优惠券": "yhq", "新建优惠券": "xjyhq", "核销优惠券": "hxyhq", "客服工作台": "kfgzt", "机器人评测": "jqrpc",
    "知识库": "zsk",
    "数据分析": "sjfx", "数据接入": "sjjr",
    "设置与审计": "szysj", "新建活动": "xjhd", "新建客群": "xjkq", "导入供应商数据": "drgyssj", "添加员工": "tjyg",
    "静默时段、频控与审批": "jmsd、pkysp", "审计日志": "sjrz", "我的账号与两步验证": "wdzhylbyz", "模拟手机": "mnsj",
    "基础数据后台": "jcsjht", "浅色外观": "qswg", "深色外观": "sswg", "外观跟随系统": "wggsxt", "查看快捷键": "ckkjj",
    "隐私：请求、文本与登记": "ys：qq、wbydj",
}  # fmt: skip

PaletteSource = Callable[[Any, str, int], Iterable[Any]]


@functools.cache
def _resolves(path: str) -> bool:
    try:
        return resolve(path).url_name != "missing"
    except Resolver404:
        return False


@functools.cache
def palette_sources() -> tuple[PaletteSource, ...]:
    """The functions behind PALETTE_SOURCES."""
    return tuple(import_string(dotted) for dotted in PALETTE_SOURCES)


def allowed(user: Any, entry: Entry) -> bool:
    """Whether the entry's page exists and the user may open it."""
    return entry.exists and (user.is_superuser or can(user.role, entry.ability))


def navigation_of(user: Any, path: str) -> list[dict[str, Any]]:
    """The groups a user sees, with the entry of the current page marked."""
    shown = [(group, [entry for entry in group.entries if allowed(user, entry)]) for group in NAVIGATION]
    here = _current([entry for _group, entries in shown for entry in entries], path)
    return [
        {"label": group.label, "entries": [{"entry": entry, "current": entry is here} for entry in entries]}
        for group, entries in shown
        if entries
    ]


def _current(entries: list[Entry], path: str) -> Entry | None:
    matches = [entry for entry in entries if path == entry.path or (entry.path != "/" and path.startswith(f"{entry.path}/"))]
    return max(matches, key=lambda entry: len(entry.path), default=None)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: what base.html needs. Lazy, so that a page without the frame asks nothing of the database."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {
        "shell": {
            "theme": _cookie(request, "theme", THEMES),
            "density": _cookie(request, "density", DENSITIES),
            "language": get_language(),
            "sim_page": settings.PLATFORM_MODE == "sim" and _resolves("/sim/"),
            "simulated": settings.PLATFORM_MODE == "sim",
            "debug": settings.DEBUG,
            "navigation": SimpleLazyObject(lambda: navigation_of(user, request.path)) if signed_in else [],
            "agency": SimpleLazyObject(lambda: AgencyPolicy.current().agency_name),
            "today": dt.date.today,
        }
    }


def _cookie(request: HttpRequest, name: str, allowed_values: tuple[str, ...]) -> str:
    value = request.COOKIES.get(name, "")
    return value if value in allowed_values else allowed_values[0]


def matches(text: str, label: str, *others: str) -> bool:
    """Whether every part of what was typed occurs in the label, in its pinyin initials, or in the other words."""
    words = " ".join((label, SPELLED.get(label, ""), *others)).lower()
    return all(part in words for part in text.lower().split())
