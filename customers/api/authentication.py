"""Who is calling the mini-program API: an opaque token, of which we keep only the SHA-256."""

import re
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from core import clock
from core.secrets import token_hash
from customers.models import Customer, MemberToken

BEARER = re.compile(r"Bearer ([A-Za-z0-9_\-]{20,100})")


class MemberTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`; `request.user` is then the Customer, `request.auth` the MemberToken."""

    def authenticate(self, request: Request) -> tuple[Customer, MemberToken] | None:
        """None when no token was sent; AuthenticationFailed (401) when it is not, or no longer, valid."""
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        match = BEARER.fullmatch(header)
        token = match and (
            MemberToken.objects.select_related("customer")
            .filter(Q(expires_at__gt=clock.now()), token_hash=token_hash(match[1]))
            .first()
        )
        if not token:
            raise AuthenticationFailed(_("Please log in again."))
        return token.customer, token

    def authenticate_header(self, request: Request) -> str:
        """Makes DRF answer 401 rather than 403."""
        return "Bearer"


class IsMember(BasePermission):
    """Only logged-in customers."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether a customer stands behind the request."""
        return isinstance(request.user, Customer)


class MemberTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells the API's documentation about the token."""

    target_class = "customers.api.authentication.MemberTokenAuthentication"
    name = "MemberToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """An HTTP bearer scheme."""
        return {"type": "http", "scheme": "bearer"}
