"""Measures: each prints a table and, as its last line, one JSON object; ratios are measured within one run."""
