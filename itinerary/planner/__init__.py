"""From a spec to a verified itinerary: search under constraints, in pure Python and numpy."""
