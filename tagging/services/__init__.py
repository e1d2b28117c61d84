"""The verbs of tagging: rules, refreshes, tags by hand, the taxonomy, segments."""
