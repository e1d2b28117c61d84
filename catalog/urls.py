"""The catalogue: the mini-program's API, covers, staff pages."""

from django.urls import path

from catalog import api
from catalog.views import content, contracts, covers, live, matches, products, resources, stock, suppliers

app_name = "catalog"

api_urlpatterns = [
    path("products", api.ProductsView.as_view(), name="api_products"),
    path("products/<str:code>", api.ProductView.as_view(), name="api_product"),
    path("products/<str:code>/calendar", api.CalendarView.as_view(), name="api_calendar"),
]
urlpatterns = [
    path("covers/<str:code>.svg", covers.cover, name="cover"),
    path("products", products.product_list, name="products"),
    path("products/<str:code>", products.product_page, name="product"),
    path("products/<str:code>/calendar", products.calendar, name="calendar"),
    path("products/<str:code>/calendar/edit", products.calendar_edit, name="calendar_edit"),
    path("products/<str:code>/sale", products.sale, name="sale"),
    path("suppliers", suppliers.supplier_list, name="suppliers"),
    path("suppliers/import", suppliers.feed_import, name="feed_import"),
    path("suppliers/runs/<int:run_id>", suppliers.feed_run, name="feed_run"),
    path("suppliers/runs/<int:run_id>/progress", suppliers.feed_progress, name="feed_progress"),
    path("suppliers/runs/<int:run_id>/report.csv", suppliers.feed_report, name="feed_report"),
    path("suppliers/runs/<int:run_id>/report.json", suppliers.feed_numbers, name="feed_numbers"),
    path("suppliers/runs/<int:run_id>/decide", suppliers.feed_decide, name="feed_decide"),
    path("suppliers/runs/<int:run_id>/remap", suppliers.feed_remap, name="feed_remap"),
    path("suppliers/resources", resources.resource_list, name="resources"),
    path("suppliers/resources/merge", matches.resource_merge, name="resource_merge"),
    path("suppliers/resources/<int:resource_id>", resources.resource_peek, name="resource"),
    path("suppliers/resources/<int:resource_id>/split", matches.resource_split, name="resource_split"),
    path("suppliers/resources/<int:resource_id>/contract", contracts.contract_new, name="contract_new"),
    path("suppliers/exchange", stock.exchange, name="exchange"),
    path("suppliers/exchange/set", stock.exchange_set, name="exchange_set"),
    path("suppliers/<int:supplier_id>", contracts.supplier_page, name="supplier"),
    path("suppliers/<int:supplier_id>/terms", contracts.supplier_terms, name="supplier_terms"),
    path("suppliers/<int:supplier_id>/cancellation", contracts.supplier_cancellation, name="supplier_cancellation"),
    path("suppliers/<int:supplier_id>/stock", stock.stock_page, name="stock"),
    path("suppliers/<int:supplier_id>/stock/edit", stock.stock_edit, name="stock_edit"),
    path("suppliers/<int:supplier_id>/live", live.live_page, name="live"),
    path("suppliers/<int:supplier_id>/live/sync", live.live_sync, name="live_sync"),
    path("suppliers/<int:supplier_id>/live/hold", live.live_hold, name="live_hold"),
    path("suppliers/live/<uuid:key>", live.live_act, name="live_act"),
    path("suppliers/skus/<int:sku_id>", contracts.sku_page, name="sku"),
    path("suppliers/skus/<int:sku_id>/contract", contracts.contract_edit, name="contract_edit"),
    path("suppliers/skus/<int:sku_id>/jump", live.live_jump, name="live_jump"),
    path("suppliers/plans/<int:plan_id>/rest", contracts.plan_rest, name="plan_rest"),
    path("content", content.content_list, name="contents"),
    path("content/new", content.content_new, name="content_new"),
    path("content/<int:item_id>", content.content_page, name="content"),
    path("content/<int:item_id>/edit", content.content_edit, name="content_edit"),
    path("content/<int:item_id>/rest", content.content_rest, name="content_rest"),
    path("content/<int:item_id>/picture", content.content_picture, name="content_picture"),
    path("suppliers/matches", matches.match_list, name="matches"),
    path("suppliers/matches/run", matches.match_run, name="match_run"),
    path("suppliers/matches/changes", matches.match_changes, name="match_changes"),
    path("suppliers/matches/changes/<int:change_id>/undo", matches.match_undo, name="match_undo"),
    path("suppliers/matches/<int:pair_id>", matches.match_pair, name="match"),
    path("suppliers/matches/<int:pair_id>/decide", matches.match_decide, name="match_decide"),
]
