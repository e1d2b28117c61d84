"""Reading suppliers' files: bytes -> table -> columns matched to fields -> clean rows and complaints.

Pure: no database, clock or network. `decoding` opens the file, `columns` finds out what each column means, `prices`,
`durations`, `hours`, `places` and `texts` read single values, `rows` puts a resource together.
"""
