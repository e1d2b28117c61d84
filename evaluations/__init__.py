"""Accuracy on labelled data: one module per measure, run by `manage.py evaluate NAME`.

A module has `HELP`, `add_arguments(parser)` and `run(options, say) -> bool`: it prints a table, then one JSON object as
its last line, and says whether its target was met. Data stays outside of the repository.
"""
