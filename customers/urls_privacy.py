"""The doors to people's rights: the mini-program's side, and staff's."""

from django.urls import path

from customers.api import favourites, privacy, requests, travellers

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
    path("data-requests", requests.RequestsView.as_view(), name="api_requests"),
    path("data-requests/<uuid:request_id>", requests.RequestView.as_view(), name="api_request"),
    path("data-requests/<uuid:request_id>/download", requests.DownloadView.as_view(), name="api_request_download"),
]
