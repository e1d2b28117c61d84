"""What we sell: products, resources, suppliers, rates."""
