"""How audit entries and abilities are said in people's words."""

from typing import Any

from django import template
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff.models import AgencyPolicy, AuditEntry, Department, User

register = template.Library()

GROUPS: dict[str, Any] = {
    "reveal": gettext_lazy("Reveals"),
    "session": gettext_lazy("Log-ins"),
    "staff": gettext_lazy("Staff accounts"),
    "department": gettext_lazy("Departments"),
    "policy": gettext_lazy("Agency policy"),
    "campaigns": gettext_lazy("Campaigns"),
    "order": gettext_lazy("Orders"),
    "product": gettext_lazy("Products"),
    "customer": gettext_lazy("Customers"),
    "privacy": gettext_lazy("Privacy"),
    "audit": gettext_lazy("Audit log"),
}
ACTIONS: dict[str, Any] = {
    "reveal.contact": gettext_lazy("Saw a phone number"),
    "reveal.document": gettext_lazy("Saw an identity document"),
    "reveal.cost": gettext_lazy("Saw a cost"),
    "reveal_refused.limit": gettext_lazy("Reveal refused: too many"),
    "session.opened": gettext_lazy("Logged in"),
    "staff.created": gettext_lazy("Made an account"),
    "staff.updated": gettext_lazy("Changed an account"),
    "staff.deactivated": gettext_lazy("Deactivated an account"),
    "staff.activated": gettext_lazy("Activated an account"),
    "staff.password_reset": gettext_lazy("Set a temporary password"),
    "staff.password_changed": gettext_lazy("Changed the password"),
    "staff.sessions_ended": gettext_lazy("Logged out other devices"),
    "staff.second_step_on": gettext_lazy("Turned two-step log-in on"),
    "staff.second_step_off": gettext_lazy("Turned two-step log-in off"),
    "staff.recovery_codes_renewed": gettext_lazy("Made new recovery codes"),
    "department.created": gettext_lazy("Made a department"),
    "department.updated": gettext_lazy("Changed a department"),
    "department.deleted": gettext_lazy("Deleted a department"),
    "policy.updated": gettext_lazy("Changed the agency policy"),
    "audit.verified": gettext_lazy("Verified the audit chain"),
    "audit.exported": gettext_lazy("Exported the audit log"),
    "customer.data_exported": gettext_lazy("Made a copy of a customer's data"),
    "customer.erased": gettext_lazy("Erased a customer"),
    "customer.consent_recorded": gettext_lazy("Wrote down a paper consent"),
    "customer.suppressed": gettext_lazy("Put a customer on the suppression list"),
    "customer.suppression_lifted": gettext_lazy("Took a customer off the suppression list"),
    "customer.corrected": gettext_lazy("Corrected a customer as asked"),
    "customer.document_recorded": gettext_lazy("Entered an identity document"),
    "privacy.request_opened": gettext_lazy("Took in a data request"),
    "privacy.request_taken": gettext_lazy("Began to work on a data request"),
    "privacy.request_answered": gettext_lazy("Answered a data request"),
    "privacy.request_refused": gettext_lazy("Refused a data request"),
    "privacy.text_drafted": gettext_lazy("Drafted a privacy text"),
    "privacy.text_published": gettext_lazy("Published a privacy text"),
    "privacy.suppressed": gettext_lazy("Put a number on the suppression list"),
    "campaigns.launch": gettext_lazy("Launched a campaign"),
    "campaigns.pause": gettext_lazy("Paused a campaign"),
    "order.cancelled": gettext_lazy("Cancelled an order"),
    "order.refund_requested": gettext_lazy("Asked for a refund"),
    "order.refund_executed": gettext_lazy("Paid a refund"),
    "order.refund_declined": gettext_lazy("Declined a refund"),
    "product.calendar": gettext_lazy("Changed a price calendar"),
}
ABILITIES: dict[str, Any] = {
    "workbench.view": gettext_lazy("see the workbench"),
    "customers.view": gettext_lazy("see customers"),
    "customers.edit": gettext_lazy("edit customers"),
    "customers.assign": gettext_lazy("assign customers"),
    "customers.merge": gettext_lazy("merge customers"),
    "customers.export": gettext_lazy("export customers"),
    "customers.erase": gettext_lazy("erase customers"),
    "contact.reveal": gettext_lazy("see phone numbers"),
    "document.reveal": gettext_lazy("see identity documents"),
    "cost.view": gettext_lazy("see costs"),
    "tags.view": gettext_lazy("see tags"),
    "tags.assign": gettext_lazy("tag customers"),
    "tags.manage": gettext_lazy("manage tags and rules"),
    "segments.view": gettext_lazy("see segments"),
    "segments.manage": gettext_lazy("manage segments"),
    "campaigns.view": gettext_lazy("see campaigns"),
    "campaigns.edit": gettext_lazy("edit campaigns"),
    "campaigns.launch": gettext_lazy("launch campaigns"),
    "campaigns.approve": gettext_lazy("approve campaigns"),
    "tasks.view": gettext_lazy("see tasks"),
    "tasks.work": gettext_lazy("work on tasks"),
    "tasks.assign": gettext_lazy("assign tasks"),
    "products.view": gettext_lazy("see products"),
    "products.edit": gettext_lazy("edit products"),
    "suppliers.view": gettext_lazy("see suppliers"),
    "suppliers.import": gettext_lazy("import supplier feeds"),
    "orders.view": gettext_lazy("see orders"),
    "orders.create": gettext_lazy("place orders"),
    "orders.override_price": gettext_lazy("override prices"),
    "orders.refund_request": gettext_lazy("ask for refunds"),
    "orders.refund_approve": gettext_lazy("approve refunds"),
    "orders.refund_execute": gettext_lazy("pay refunds"),
    "data.view": gettext_lazy("see data sources"),
    "data.manage": gettext_lazy("manage data sources"),
    "settings.view": gettext_lazy("see settings"),
    "policy.edit": gettext_lazy("edit the agency policy"),
    "staff.view": gettext_lazy("see staff"),
    "staff.manage": gettext_lazy("manage staff"),
    "audit.view": gettext_lazy("see the audit log"),
    "audit.export": gettext_lazy("export the audit log"),
    "admin.use": gettext_lazy("use the reference tables"),
    "sim.use": gettext_lazy("use the simulated phones"),
}
FACTS: dict[str, Any] = {
    "reason": gettext_lazy("reason"),
    "field": gettext_lazy("field"),
    "role": gettext_lazy("role"),
    "row_scope": gettext_lazy("row scope"),
    "how": gettext_lazy("log-in by"),
    "rows": gettext_lazy("rows"),
    "entries": gettext_lazy("entries"),
    "broken": gettext_lazy("broken at"),
    "reach": gettext_lazy("people"),
    "tasks": gettext_lazy("tasks"),
    "amount": gettext_lazy("amount"),
    "refund": gettext_lazy("refund"),
}


@register.filter
def action_name(action: str) -> str:
    """An action in people's words; the stable word itself where none are known."""
    return str(ACTIONS.get(action, action))


@register.filter
def action_group(prefix: str) -> str:
    """The heading of a family of actions ("reveal." -> Reveals)."""
    return str(GROUPS.get(prefix.rstrip("."), prefix))


@register.simple_tag
def action_chip(action: str) -> SafeString:
    """An action as a chip; personal data seen and accounts ended stand out."""
    tone = "warn" if action.startswith("reveal") else "bad" if action.endswith(("deactivated", "deleted")) else ""
    return format_html('<span class="chip {}" title="{}"><span>{}</span></span>', tone, action, action_name(action))


@register.simple_tag
def ability_chip(ability: str) -> SafeString:
    """An ability in people's words."""
    tone = "warn" if ability.endswith((".reveal", ".export", ".erase")) else ""
    return format_html('<span class="chip {}" title="{}"><span>{}</span></span>', tone, ability, ABILITIES.get(ability, ability))


@register.filter
def object_type_name(label: str) -> str:
    """`staff.user` as people call it."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label


@register.filter
def entry_changes(entry: AuditEntry) -> list[dict[str, str]]:
    """Before and after, with the fields' names."""
    changes = entry.detail.get("changes") if isinstance(entry.detail, dict) else None
    if not isinstance(changes, dict):
        return []
    return [
        {"field": _field_name(entry.object_type, name), "old": _value(name, pair[0]), "new": _value(name, pair[1])}
        for name, pair in changes.items()
    ]


def _field_name(label: str, name: str) -> str:
    try:
        return str(getattr(apps.get_model(label)._meta.get_field(name), "verbose_name", name))
    except (LookupError, ValueError, FieldDoesNotExist):  # another version's model or field
        return name


def _value(name: str, value: Any) -> str:
    """A stored word as its label: `sales` -> 旅行顾问."""
    for model in (User, AgencyPolicy, Department):
        for field in model._meta.fields:
            if field.name == name and field.choices:
                return str(dict(field.flatchoices).get(value, value))
    return str(value)


@register.filter
def entry_facts(entry: AuditEntry) -> list[tuple[str, str]]:
    """What else an entry tells, without the changes."""
    if not isinstance(entry.detail, dict):
        return []
    return [
        (str(FACTS.get(name, name)), _fact(name, value))
        for name, value in entry.detail.items()
        if name != "changes" and value not in (None, "")
    ]


def _fact(name: str, value: Any) -> str:
    if value == "password":
        return _("password")
    if value == "password and code":
        return _("password and code")
    return _value(name, value)
