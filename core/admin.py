"""The ledger for repair: jobs with their errors and a retry button."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin

from core.models import Job
from core.services import retry_jobs


@admin.register(Job)
class JobAdmin(ModelAdmin):
    """Read only but for the retry action: a job's row is written by code alone."""

    list_display = ("id", "function", "lane", "state", "attempts", "run_at", "finished_at", "error_line")
    list_filter = ("state", "lane")
    search_fields = ("function", "key")
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("retry",)

    @admin.display(description=_("error"))
    def error_line(self, job: Job) -> str:
        """The first line of the error."""
        return job.error.splitlines()[0][:120] if job.error else ""

    @admin.action(description=_("Retry failed jobs"))
    def retry(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Run the chosen failed jobs again."""
        count = retry_jobs(list(queryset.values_list("id", flat=True)))
        self.message_user(
            request, ngettext("%(count)s job will run again.", "%(count)s jobs will run again.", count) % {"count": count}
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
