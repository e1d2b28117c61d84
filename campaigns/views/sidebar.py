"""The page beside a chat in WeCom (P24): one small page, its parts as fragments; works without the JS-SDK, too."""

import secrets
from urllib.parse import urlencode

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from campaigns.choices import Outcome
from campaigns.models import FollowUp
from campaigns.queries.sidebar import customer_of, sidebar_context
from campaigns.rules.phrases import PHRASES
from campaigns.services.follow_ups import finish_follow_up
from campaigns.services.sidebar import sign_page, user_of_code
from campaigns.views.actor import actor
from core import clock, params
from core.errors import BadInput
from customers.models import Customer
from customers.services.notes import add_note
from staff.access import may, requires

AUTHORIZE = "https://open.weixin.qq.com/connect/oauth2/authorize"
SDK = "https://res.wx.qq.com"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_safe
def enter(request: HttpRequest) -> HttpResponse:
    """Log in by who one is in WeCom: to its page and back with a code. The answer must carry the question's random word."""
    code, word = params.text("code", request.GET.get("code"), 600), params.text("state", request.GET.get("state"), 64)
    if not code:
        request.session["sidebar_state"] = secrets.token_urlsafe(24)
        asked = {
            "appid": settings.VENDORS["WECOM_CORP_ID"], "redirect_uri": request.build_absolute_uri(request.path),
                "response_type": "code",
            "scope": "snsapi_base", "state": request.session["sidebar_state"], "agentid": settings.VENDORS["WECOM_AGENT_ID"],
        }  # fmt: skip
        return HttpResponseRedirect(f"{AUTHORIZE}?{urlencode(asked)}#wechat_redirect")
    expected = request.session.pop("sidebar_state", "")
    if not expected or not secrets.compare_digest(str(expected), word):
        raise PermissionDenied
    user = user_of_code(code)
    if user is None:
        raise PermissionDenied
    login(request, user, backend=BACKEND)
    return HttpResponseRedirect(reverse("campaigns:sidebar"))


@csp_update({"script-src": [SDK]})
@never_cache
@require_safe
@requires("customers.view")
def page(request: HttpRequest) -> HttpResponse:
    """The shell: who is talked to is asked of WeCom by the page itself, or given in the address."""
    external_userid = params.text("external_userid", request.GET.get("external_userid"), 64)
    context: dict[str, object] = {
        "external_userid": external_userid,
        "sdk": f"{SDK}/open/js/jweixin-1.2.0.js" if settings.PLATFORM_MODE != "sim" else "",
    }
    if external_userid:
        context |= _found(request, external_userid)
    return render(request, "campaigns/sidebar/page.html", context)


def _found(request: HttpRequest, external_userid: str) -> dict[str, object]:
    user = actor(request)
    customer = customer_of(user, external_userid)
    if customer is None:
        return {"missing": True}
    return {**sidebar_context(customer, user, clock.now()), "phrases": PHRASES, "may_work": may(user, "tasks.work")}


@require_safe
@requires("customers.view")
def signature(request: HttpRequest) -> JsonResponse:
    """Signatures for the page's address; only for pages of our own."""
    url = params.text("url", request.GET.get("url"), 500)
    if not url.startswith(request.build_absolute_uri("/")):
        raise BadInput(_("Only pages of ours are signed."), {"url": _("not ours")})
    return JsonResponse(sign_page(url))


@require_safe
@requires("customers.view")
def customer(request: HttpRequest) -> HttpResponse:
    """Everything about the person talked to, as a fragment."""
    external_userid = params.text("external_userid", request.GET.get("external_userid"), 64)
    return render(
        request, "campaigns/sidebar/_customer.html", {"external_userid": external_userid, **_found(request, external_userid)}
    )


@require_safe
@requires("customers.view")
def search(request: HttpRequest) -> HttpResponse:
    """Outside a chat: look somebody up."""
    text = params.text("q", request.GET.get("q"), 40)
    found = (
        Customer.objects.visible_to(actor(request)).filter(name__icontains=text, relationships__state="active") if text else None
    )
    rows = found.values_list("name", "city", "relationships__external_userid")[:12] if found is not None else []
    return render(request, "campaigns/sidebar/_search.html", {"rows": rows, "q": text})


@require_POST
@requires("customers.edit")
def note(request: HttpRequest) -> HttpResponse:
    """Keep a note about the person talked to."""
    external_userid = params.text("external_userid", request.POST.get("external_userid"), 64)
    person = customer_of(actor(request), external_userid)
    if person is None:
        raise BadInput(_("This contact is not among your customers yet."), {"external_userid": _("not ours")})
    add_note(person, author=actor(request), text=params.text("text", request.POST.get("text"), 1000))
    messages.success(request, _("Noted."))
    return render(
        request, "campaigns/sidebar/_customer.html", {"external_userid": external_userid, **_found(request, external_userid)}
    )


@require_POST
@requires("tasks.work")
def done(request: HttpRequest) -> HttpResponse:
    """A task done in one tap."""
    external_userid = params.text("external_userid", request.POST.get("external_userid"), 64)
    person = customer_of(actor(request), external_userid)
    task = get_object_or_404(FollowUp, pk=params.whole("task", request.POST.get("task"), 0), customer=person)
    finish_follow_up(task, actor=actor(request), outcome=Outcome.CONTACTED)
    return render(
        request, "campaigns/sidebar/_customer.html", {"external_userid": external_userid, **_found(request, external_userid)}
    )
