"""The demo agency: a small world written for this project, and people whose hidden interests drive what they do.

`data/` holds the world, one record a line. Places, coordinates, opening hours and usual prices are general knowledge
of real places; prices, timetables and everything about the agency, its suppliers and its customers are invented.
No data set was copied. `world` reads it; `population`, `behaviour` and `purchases` make customers; `loader` writes
them into the database.
"""
