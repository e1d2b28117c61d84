"""The verbs of trips: understand a request, draft, edit, quote, accept, travel."""
