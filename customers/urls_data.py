"""The doors to data collection: signed events of other systems, files, sources and their health."""

from django.urls import path

from customers import callbacks_data
from customers.api import outside
from customers.views import imports
from customers.views import outside as pages

app_name = "data"

ingest_urlpatterns = [path("ingest/v1/<slug:code>", outside.receive, name="ingest")]
callback_urlpatterns = [
    path("callbacks/sms", callbacks_data.sms_callback, name="sms_callback"),
    path("callbacks/from/<slug:code>", callbacks_data.platform_callback, name="platform_callback"),
]
import_urlpatterns = [
    path("data/imports", imports.import_list, name="imports"),
    path("data/imports/<int:batch_id>", imports.import_detail, name="import"),
    path("data/imports/<int:batch_id>/progress", imports.import_progress, name="import_progress"),
    path("data/imports/<int:batch_id>/map", imports.import_map, name="import_map"),
    path("data/imports/<int:batch_id>/confirm", imports.import_confirm, name="import_confirm"),
    path("data/imports/<int:batch_id>/discard", imports.import_discard, name="import_discard"),
    path("data/imports/<int:batch_id>/rollback", imports.import_rollback, name="import_rollback"),
    path("data/imports/<int:batch_id>/report.csv", imports.import_report, name="import_report"),
]
source_urlpatterns = [
    path("data/connect", pages.connect, name="connect"),
    path("data/from/<slug:code>", pages.source_detail, name="source"),
    path("data/from/<slug:code>/key", pages.key_create, name="key_create"),
    path("data/from/<slug:code>/key/<int:key_id>/revoke", pages.key_revoke, name="key_revoke"),
    path("data/from/<slug:code>/pause", pages.source_pause, name="source_pause"),
    path("data/from/<slug:code>/check", pages.source_check, name="source_check"),
    path("data/from/<slug:code>/resync", pages.source_resync, name="source_resync"),
    path("data/from/<slug:code>/replay", pages.replay_all, name="replay_all"),
    path("data/from/<slug:code>/rejected/<int:rejection_id>/replay", pages.replay_one, name="replay_one"),
    path("data/from/<slug:code>/rejected/<int:rejection_id>/drop", pages.drop_one, name="drop_one"),
]
urlpatterns = [*ingest_urlpatterns, *callback_urlpatterns, *import_urlpatterns, *source_urlpatterns]
