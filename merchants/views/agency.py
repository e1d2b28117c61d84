"""The agency's side: merchants, their rules, their people, what they are paid, what they object to."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import params
from core.errors import BadInput, Refused
from merchants.forms import MerchantForm, PersonForm
from merchants.models import Dispute, Merchant, MerchantUser, Statement
from merchants.queries import pages
from merchants.services import settling
from merchants.services.people import edit_merchant, end_work, make_merchant, put_to_work
from staff.access import actor, requires
from staff.models import User


@requires("merchants.manage")
@require_safe
def merchant_list(request: HttpRequest) -> HttpResponse:
    """All merchants."""
    return render(request, "merchants/list.html", {"rows": pages.merchants_with_figures()})


@requires("merchants.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def merchant_new(request: HttpRequest) -> HttpResponse:
    """A new merchant."""
    form = MerchantForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = make_merchant(user=actor(request), **form.cleaned_data)
        except BadInput as error:
            _complain(form, error)
        else:
            return HttpResponseRedirect(reverse("merchants:merchant", args=[made.code]))
    return render(request, "merchants/new.html", {"form": form}, status=422 if form.errors else 200)


def _complain(form: MerchantForm, error: BadInput) -> None:
    for name, complaint in error.fields.items():
        form.add_error(name if name in form.fields else None, complaint)


@requires("merchants.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def merchant(request: HttpRequest, merchant_code: str) -> HttpResponse:
    """One merchant; posted, its rules are changed."""
    found = get_object_or_404(Merchant, code=merchant_code)
    form = MerchantForm(request.POST or None, instance=Merchant.objects.get(pk=found.pk))
    if request.method == "POST" and form.is_valid():
        try:
            edit_merchant(merchant=found, user=actor(request), **form.cleaned_data)
        except BadInput as error:
            _complain(form, error)
        else:
            messages.success(request, _("Kept."))
            return HttpResponseRedirect(reverse("merchants:merchant", args=[found.code]))
    context = {"story": pages.story_of(found), "merchant": found, "form": form, "person_form": PersonForm()}
    return render(request, "merchants/merchant.html", context, status=422 if form.errors else 200)


@requires("merchants.manage")
@require_POST
def person_add(request: HttpRequest, merchant_code: str) -> HttpResponse:
    """Let an account work for the merchant."""
    found, form = get_object_or_404(Merchant, code=merchant_code), PersonForm(request.POST)
    if not form.is_valid():
        raise BadInput(_("Please enter a user name."), {"username": _("is needed")})
    user = User.objects.filter(username=form.cleaned_data["username"].strip(), is_active=True).first()
    if user is None:
        raise Refused(_("There is no such account. Invite it first under settings."), "no_account")
    put_to_work(merchant=found, user=user, is_manager=form.cleaned_data["is_manager"], by=actor(request))
    messages.success(request, _("Kept."))
    return HttpResponseRedirect(reverse("merchants:merchant", args=[found.code]))


@requires("merchants.manage")
@require_POST
def person_remove(request: HttpRequest, merchant_code: str, person_id: int) -> HttpResponse:
    """Take an account away from the merchant."""
    end_work(person=get_object_or_404(MerchantUser, pk=person_id, merchant__code=merchant_code), by=actor(request))
    messages.success(request, _("Kept."))
    return HttpResponseRedirect(reverse("merchants:merchant", args=[merchant_code]))


@requires("merchants.manage")
@require_safe
def statement(request: HttpRequest, merchant_code: str, statement_id: int) -> HttpResponse:
    """A statement as the agency sees it."""
    found = get_object_or_404(Statement.objects.select_related("merchant"), pk=statement_id, merchant__code=merchant_code)
    context = {"statement": found, "merchant": found.merchant, "redemptions": pages.redemptions_of(found.merchant, found)}
    return render(request, "merchants/statement_agency.html", context)


@requires("merchants.manage")
@require_POST
def statement_paid(request: HttpRequest, merchant_code: str, statement_id: int) -> HttpResponse:
    """It was paid."""
    found = get_object_or_404(Statement, pk=statement_id, merchant__code=merchant_code)
    reference = params.text("reference", request.POST.get("reference"), 60)
    settling.mark_paid(statement=found, reference=reference, user=actor(request))
    messages.success(request, _("Marked as paid."))
    return HttpResponseRedirect(reverse("merchants:merchant", args=[merchant_code]))


@requires("merchants.manage")
@require_POST
def dispute_decide(request: HttpRequest, merchant_code: str, dispute_id: int) -> HttpResponse:
    """Yes or no to an objection."""
    found = get_object_or_404(
        Dispute.objects.select_related("redemption__merchant"), pk=dispute_id, redemption__merchant__code=merchant_code
    )
    uphold = params.one_of("decision", request.POST.get("decision"), ["uphold", "reject"], "reject") == "uphold"
    answer = params.text("answer", request.POST.get("answer"), 300)
    settling.decide_dispute(dispute=found, uphold=uphold, answer=answer, user=actor(request))
    messages.success(request, _("Decided."))
    return HttpResponseRedirect(reverse("merchants:merchant", args=[merchant_code]))
