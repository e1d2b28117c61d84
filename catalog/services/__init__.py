"""The verbs of the catalogue: feeds of suppliers, the resources they fill, products and their price calendar."""
