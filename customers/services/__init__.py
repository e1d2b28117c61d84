"""The verbs of customers: log in, identify, consent, ingest behaviour, keep WeCom relations."""
