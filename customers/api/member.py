"""What every view of the mini-program API needs: who calls, clean input, the idempotency header."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from core.serializers import StrictSerializer
from customers.models import Customer
from customers.services.consents import Evidence

IDEMPOTENCY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description="8 to 100 characters")


def member(request: Request) -> Customer:
    """The customer behind the request; the permission class has made sure that there is one."""
    return cast(Customer, request.user)


def clean(serializer: type[StrictSerializer], given: Any) -> dict[str, Any]:
    """The clean values of a body or query; 400 names what is wrong."""
    values = serializer(data=given)
    values.is_valid(raise_exception=True)
    cleaned: dict[str, Any] = values.validated_data
    return cleaned


def evidence(request: Request, screen: str = "") -> Evidence:
    """How a decision that comes with this request can be proved."""
    return Evidence(screen=screen, ip=request.META.get("REMOTE_ADDR") or "")
