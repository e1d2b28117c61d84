"""What other systems may tell us: the kinds of sources and events as data, how a message is signed, how it is checked.

Pure: no database, no network, no clock. `kinds` is the one table; the check, docs/ingest.md, the page of a source and
the OpenAPI entry are all made from it.
"""
