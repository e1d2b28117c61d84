"""Itineraries: staff pages, the public proposal, the mini-program's API."""

from django.urls import path

from itinerary import api
from itinerary.views import editor, pages, proposal

app_name = "itinerary"

api_urlpatterns = [
    path("trips/request", api.RequestView.as_view(), name="api_request"),
    path("proposals/<str:token>", api.ProposalView.as_view(), name="api_proposal"),
    path("proposals/<str:token>/accept", api.AcceptView.as_view(), name="api_accept"),
]
urlpatterns = [
    path("itineraries", pages.itinerary_list, name="list"),
    path("itineraries/new", pages.itinerary_new, name="new"),
    path("itineraries/<str:no>", editor.editor, name="editor"),
    path("itineraries/<str:no>/data.json", editor.data, name="data"),
    path("itineraries/<str:no>/edits", editor.edits, name="edits"),
    path("itineraries/<str:no>/resources.json", editor.resources, name="resources"),
    path("itineraries/<str:no>/send", pages.send, name="send"),
    path("itineraries/<str:no>/revoke", pages.revoke, name="revoke"),
    path("itineraries/<str:no>/clone", pages.clone, name="clone"),
    path("p/<str:token>", proposal.page, name="proposal"),
    path("p/<str:token>/accept", proposal.accept, name="accept"),
    path("p/<str:token>/comment", proposal.write, name="comment"),
]
