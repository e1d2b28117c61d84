"""Tags, the rules that assign them, and segments."""
