"""The mini-program's door to customers."""
