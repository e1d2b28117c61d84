"""The verbs of orders, each module on those before it: cashier, refunds, payments, placing."""
