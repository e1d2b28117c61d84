"""What is done to many customers at once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core import params
from customers.models import Customer
from customers.services import notes
from staff.access import actor, requires
from staff.models import User
from staff.services import write_audit


@requires("customers.assign")
@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    """Give the chosen customers to a member of staff."""
    owner = get_object_or_404(User, pk=params.whole("owner", request.POST.get("owner"), 0), is_active=True)
    chosen = [params.whole("id", value, 0) for value in request.POST.getlist("id")[:500]]
    visible = list(Customer.objects.visible_to(actor(request)).filter(pk__in=chosen).values_list("pk", flat=True))
    count = notes.assign_owner(visible, owner=owner)
    write_audit(actor(request), "customers.assigned", owner, {"customers": visible})
    messages.success(
        request,
        ngettext("%(count)s customer now belongs to %(owner)s.", "%(count)s customers now belong to %(owner)s.", count)
        % {"count": count, "owner": owner},
    )
    return redirect("customers:list")
