"""Itineraries: staff pages, the public proposal, the mini-program's API."""

from django.urls import path

from itinerary import api
from itinerary.views import assist, departures, editor, pages, proposal, versions

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
    path("itineraries/<str:no>/repair", assist.repairs, name="repair"),
    path("itineraries/<str:no>/suggest", assist.suggestion, name="suggest"),
    path("itineraries/<str:no>/template", assist.template, name="template"),
    path("itineraries/<str:no>/start", assist.from_template, name="from_template"),
    path("itineraries/<str:no>/send", pages.send, name="send"),
    path("itineraries/<str:no>/revoke", pages.revoke, name="revoke"),
    path("itineraries/<str:no>/clone", pages.clone, name="clone"),
    path("itineraries/<str:no>/versions", versions.compare, name="versions"),
    path("departures", departures.board, name="board"),
    path("departures/<str:no>", departures.trip, name="trip"),
    path("departures/<str:no>/booking", departures.booking, name="booking"),
    path("departures/<str:no>/passengers", departures.passengers, name="passengers"),
    path("departures/<str:no>/document", departures.document, name="document"),
    path("departures/<str:no>/change", departures.change, name="change"),
    path("departures/<str:no>/names.csv", departures.names_csv, name="names_csv"),
    path("departures/<str:no>/names.pdf", departures.names_pdf, name="names_pdf"),
    path("p/<str:token>.pdf", proposal.as_pdf, name="proposal_pdf"),
    path("p/<str:token>.png", proposal.as_picture, name="proposal_png"),
    path("p/<str:token>", proposal.page, name="proposal"),
    path("p/<str:token>/<int:day>.svg", proposal.picture, name="picture"),
    path("p/<str:token>/accept", proposal.accept, name="accept"),
    path("p/<str:token>/comment", proposal.write, name="comment"),
]
