"""The simulator's phones under `/sim/`, only wired in simulator mode.

Gateways stand below staff, so the door of the pages is handed in from above: `sim_urlpatterns(requires("sim.use"))`.
"""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from gateways.views import console, customer_phone, mini_program, page, service_chat, staff_phone

app_name = "sim"
View = Callable[..., Any]

# (path below /sim/, view, name)
_PAGES: tuple[tuple[str, View, str], ...] = (
    ("", page.phones, "phones"),
    ("picture/<str:media_id>", page.picture, "picture"),
    ("staff", staff_phone.pick, "staff"),
    ("staff/<str:userid>", staff_phone.home, "staff_home"),
    ("staff/<str:userid>/contacts", staff_phone.contacts, "staff_contacts"),
    ("staff/<str:userid>/notices", staff_phone.notices, "staff_notices"),
    ("staff/<str:userid>/tasks", staff_phone.tasks, "staff_tasks"),
    ("staff/<str:userid>/tasks/<str:msgid>", staff_phone.task, "staff_task"),
    ("staff/<str:userid>/tasks/<str:msgid>/send", staff_phone.send, "staff_send"),
    ("staff/<str:userid>/tasks/<str:msgid>/ignore", staff_phone.ignore, "staff_ignore"),
    ("staff/<str:userid>/chats/<str:external_userid>", staff_phone.chat, "staff_chat"),
    ("staff/<str:userid>/chats/<str:external_userid>/say", staff_phone.say, "staff_say"),
    ("customer", customer_phone.pick, "customers"),
    ("customer/new", customer_phone.scan, "scan"),
    ("customer/<str:who>", customer_phone.home, "customer_home"),
    ("customer/<str:who>/chats/<str:userid>", customer_phone.chat, "customer_chat"),
    ("customer/<str:who>/chats/<str:userid>/say", customer_phone.say, "customer_say"),
    ("customer/<str:who>/chats/<str:userid>/delete", customer_phone.delete, "customer_delete"),
    ("customer/<str:who>/notices", customer_phone.notices, "customer_notices"),
    ("customer/<str:who>/sms", customer_phone.sms, "customer_sms"),
    ("customer/<str:who>/sms/reply", customer_phone.sms_reply, "customer_sms_reply"),
    ("customer/<str:who>/me", customer_phone.me, "customer_me"),
    ("customer/<str:who>/groups/<str:chat_id>", customer_phone.group, "customer_group"),
    ("customer/<str:who>/service", service_chat.service, "customer_service"),
    ("customer/<str:who>/service/say", service_chat.say, "customer_service_say"),
    ("customer/<str:who>/service/recall", service_chat.recall, "customer_service_recall"),
    ("customer/<str:who>/mini/chat", service_chat.mini_chat, "mini_chat"),
    ("customer/<str:who>/mini/chat/say", service_chat.mini_say, "mini_chat_say"),
    ("customer/<str:who>/mini", mini_program.open_page, "mini"),
    ("customer/<str:who>/mini/order", mini_program.order, "mini_order"),
    ("customer/<str:who>/pay/<str:out_trade_no>", mini_program.sheet, "sheet"),
    ("customer/<str:who>/pay/<str:out_trade_no>/settle", mini_program.settle, "settle"),
    ("console", console.panel, "console"),
    ("console/clock", console.clock, "clock"),
    ("console/fault", console.fault, "fault"),
    ("console/fault/clear", console.clear_faults, "clear_faults"),
    ("console/knobs", console.knobs, "knobs"),
    ("console/journal", console.journal, "journal"),
    ("console/journal/<int:entry>", console.journal_entry, "journal_entry"),
)


def sim_urlpatterns(guard: Callable[[View], View]) -> list[URLPattern]:
    """The pages, each behind the door that is handed in."""
    return [path(route, guard(view), name=name) for route, view, name in _PAGES]
