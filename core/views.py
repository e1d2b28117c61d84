"""Health for load balancers and supervisors."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from core.queries import lane_lag_seconds


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok", "mode": settings.PLATFORM_MODE})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The process can serve: Postgres answers. Job lag is told, not judged."""
    try:
        connection.ensure_connection()
        lag = lane_lag_seconds()
    except DatabaseError:
        return JsonResponse({"status": "database unavailable"}, status=503, headers={"Retry-After": "3"})
    return JsonResponse({"status": "ok", "oldest_due_job_seconds": lag})
