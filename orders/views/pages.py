"""The order list, one order, and the orders on a customer's page."""

import datetime as dt
import uuid
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from catalog.models import Product
from core import params
from customers.models import Customer
from orders.forms import RefundForm, confirmation
from orders.models import Order
from orders.queries.customers import latest_orders
from orders.queries.detail import OrderStory, order_for, story_of
from orders.queries.listing import VIEWS, OrderFilter, figures_for, read_orders
from staff.access import may, requires
from staff.models import User


@requires("orders.view")
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """P14: orders in the user's scope, newest first."""
    get, user = request.GET.get, cast(User, request.user)
    products = list(Product.objects.order_by("code").values_list("code", "name"))
    wanted = OrderFilter(
        view=params.one_of("view", get("view"), list(VIEWS), "all"),
        q=params.text("q", get("q"), 60),
        product=params.one_of("product", get("product"), [code for code, _name in products]),
        departs_from=params.date("departs_from", get("departs_from")),
        departs_to=params.date("departs_to", get("departs_to")),
    )
    figures = figures_for(user)
    badges = {"placed": figures.waiting, "refunds": figures.refunds}
    context = {
        "wanted": wanted,
        "views": [(key, label, badges.get(key, 0)) for key, label in VIEWS.items()],
        "page": read_orders(user, wanted, params.text("after", get("after"), 24)),
        "figures": figures,
        "products": products,
        "is_filtered": wanted != OrderFilter(),
    }
    return render(request, "orders/list.html", context)


@requires("orders.view")
@require_safe
def order_detail(request: HttpRequest, no: str) -> HttpResponse:
    """One order: what was bought, where the money is, what happened."""
    story = story_of(order_or_404(request, no))
    return render(request, "orders/detail.html", detail_context(request, story))


@requires("orders.view")
@require_safe
def order_body(request: HttpRequest, no: str) -> HttpResponse:
    """The page without its frame: asked again while something may change by itself."""
    story = story_of(order_or_404(request, no))
    return render(request, "orders/body.html", detail_context(request, story))


@requires("orders.view")
@require_safe
def customer_panel(request: HttpRequest, customer_id: int) -> HttpResponse:
    """The newest orders on a customer's page."""
    customer = get_object_or_404(Customer.objects.visible_to(cast(User, request.user)), pk=customer_id)
    return render(request, "orders/panel.html", {"orders": latest_orders(customer)})


def order_or_404(request: HttpRequest, no: str) -> Order:
    """The order of that number; 404 for what the user may not see."""
    order = order_for(cast(User, request.user), no)
    if order is None:
        raise Http404
    return order


def detail_context(request: HttpRequest, story: OrderStory, form: RefundForm | None = None) -> dict[str, Any]:
    """What the order's page needs."""
    executes = may(request.user, "orders.refund_execute")
    can_refund = story.refundable > 0 and story.order.state in {"paid", "completed"}
    return {
        "story": story,
        "order": story.order,
        "returns_on": story.order.departure.departs_on + dt.timedelta(days=story.order.product.days - 1),
        "executes": executes,
        "can_refund": can_refund and (executes or may(request.user, "orders.refund_request")),
        "can_cancel": story.order.state == "placed" and may(request.user, "orders.create"),
        "form": form or RefundForm(initial={"amount": story.suggested or None, "key": uuid.uuid4().hex[:16]}),
        "word": confirmation(),
    }
