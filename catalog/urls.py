"""The catalogue: the mini-program's API, covers, staff pages."""

from django.urls import path

from catalog import api
from catalog.views import covers

app_name = "catalog"

api_urlpatterns = [
    path("products", api.ProductsView.as_view(), name="api_products"),
    path("products/<str:code>", api.ProductView.as_view(), name="api_product"),
    path("products/<str:code>/calendar", api.CalendarView.as_view(), name="api_calendar"),
]
urlpatterns = [
    path("covers/<str:code>.svg", covers.cover, name="cover"),
]
