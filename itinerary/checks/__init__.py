"""Is a day-by-day plan possible, and fit to be sold? Pure rules over plain blocks; the editor, services and API ask here."""
