"""The doors to people's rights: the mini-program's side, and staff's."""

from django.urls import path

from customers.api import favourites, privacy, requests, travellers
from customers.views import privacy as pages
from customers.views import rights

app_name = "privacy"

api_urlpatterns = [
    path("privacy", privacy.PrivacyView.as_view(), name="api_privacy"),
    path("privacy/accept", privacy.PrivacyAcceptView.as_view(), name="api_privacy_accept"),
    path("preferences", privacy.PreferencesView.as_view(), name="api_preferences"),
    path("travellers", travellers.TravellersView.as_view(), name="api_travellers"),
    path("travellers/<int:traveller_id>", travellers.TravellerView.as_view(), name="api_traveller"),
    path("travellers/<int:traveller_id>/documents", travellers.DocumentsView.as_view(), name="api_documents"),
    path("travellers/<int:traveller_id>/documents/<int:document_id>", travellers.DocumentView.as_view(), name="api_document"),
    path("favourites", favourites.FavouritesView.as_view(), name="api_favourites"),
    path("favourites/<slug:code>", favourites.FavouriteView.as_view(), name="api_favourite"),
    path("access-log", privacy.AccessLogView.as_view(), name="api_access_log"),
    path("data-requests", requests.RequestsView.as_view(), name="api_requests"),
    path("data-requests/<uuid:request_id>", requests.RequestView.as_view(), name="api_request"),
    path("data-requests/<uuid:request_id>/download", requests.DownloadView.as_view(), name="api_request_download"),
]

urlpatterns = [
    path("customers/<int:customer_id>/consents", rights.consents_panel, name="consents_panel"),
    path("customers/<int:customer_id>/consents/record", rights.record_consent, name="record_consent"),
    path("customers/<int:customer_id>/suppression", rights.suppression, name="suppression"),
    path("customers/<int:customer_id>/requests", rights.open_request, name="open_request"),
    path("customers/<int:customer_id>/copies", rights.make_copy, name="make_copy"),
    path("customers/<int:customer_id>/copies/<uuid:export_id>", rights.copy, name="copy"),
    path("customers/<int:customer_id>/travellers/<int:traveller_id>/documents", rights.record_document, name="record_document"),
    path("customers/<int:customer_id>/documents/<int:document_id>/reveal", rights.reveal_document, name="reveal_document"),
    path("settings/privacy", pages.privacy_page, name="page"),
    path("settings/privacy/requests/<int:request_id>", pages.request_page, name="request"),
    path("settings/privacy/requests/<int:request_id>/take", pages.request_take, name="request_take"),
    path("settings/privacy/requests/<int:request_id>/close", pages.request_close, name="request_close"),
    path("settings/privacy/requests/<int:request_id>/correct", pages.request_correct, name="request_correct"),
    path("settings/privacy/requests/<int:request_id>/erase", pages.request_erase, name="request_erase"),
    path("settings/privacy/texts", pages.text_save, name="text_save"),
    path("settings/privacy/texts/<int:text_id>/publish", pages.text_publish, name="text_publish"),
    path("settings/privacy/sharing", pages.sharing_record, name="sharing_record"),
    path("settings/privacy/sharing.csv", pages.sharing_list, name="sharing_list"),
    path("settings/privacy/suppression", pages.suppress_phone, name="suppress_phone"),
]
