"""The doors to data collection: signed events of other systems, files, sources and their health."""

from django.urls import path

from customers import callbacks_data
from customers.api import outside

app_name = "data"

ingest_urlpatterns = [path("ingest/v1/<slug:code>", outside.receive, name="ingest")]
callback_urlpatterns = [path("callbacks/sms", callbacks_data.sms_callback, name="sms_callback")]
urlpatterns = [*ingest_urlpatterns, *callback_urlpatterns]
