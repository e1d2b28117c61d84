"""Order, payment, refund, traveller."""
