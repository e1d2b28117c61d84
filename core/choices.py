from django.db import models
from django.utils.translation import gettext_lazy as _


class Lane(models.TextChoices):
    """How urgent a job is; each lane has its own workers, so a bulk send never delays a chat."""

    CHAT = "chat", _("Chat (seconds)")
    USUAL = "usual", _("Usual")
    BULK = "bulk", _("Bulk")


class JobState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class TableFormat(models.TextChoices):
    """Kinds of files we read as tables."""

    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"
    JSON = "json", "JSON"


class FileFault(models.TextChoices):
    """Why a whole file cannot be read."""

    EMPTY = "empty", _("The file holds no rows.")
    TOO_LARGE = "too_large", _("The file is too large.")
    TOO_MANY_ROWS = "too_many_rows", _("The file has too many rows.")
    TOO_MANY_COLUMNS = "too_many_columns", _("The file has more than 200 columns.")
    UNKNOWN_FORMAT = "unknown_format", _("This is not a CSV, Excel (.xlsx) or JSON file.")
    UNKNOWN_ENCODING = "unknown_encoding", _("The text is neither UTF-8, UTF-16 nor GB18030.")
    BAD_JSON = "bad_json", _("The JSON is broken or cut off.")
    JSON_SHAPE = "json_shape", _("The JSON is not a list of records.")
    BAD_CSV = "bad_csv", _("The CSV is broken: a cell never ends, or is too long.")
    BAD_XLSX = "bad_xlsx", _("The Excel file is broken or protected by a password.")
    XLSX_BOMB = "xlsx_bomb", _("The Excel file unpacks to far more than its size.")
    NO_NAME_COLUMN = "no_name_column", _("No column holds the name.")
