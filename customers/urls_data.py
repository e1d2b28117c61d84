"""The doors to data collection: signed events of other systems, files, sources and their health."""

from django.urls import path

from customers.api import outside

app_name = "data"

ingest_urlpatterns = [path("ingest/v1/<slug:code>", outside.receive, name="ingest")]
urlpatterns = [*ingest_urlpatterns]
