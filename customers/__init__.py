"""Who we serve: identities, consent, profile, timeline, data collection."""
