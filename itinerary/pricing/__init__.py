"""What a trip costs and what it sells for: pure rules on exact numbers, no database, clock, network or customer.

Read in this order: `party` (who travels), `lines` (what is bought), `costing` (what it costs for them), `uplifts` (how a cost
becomes a price), `rounding`, `sheet` (all of it together), `scenarios`, `cancellation`, `audit`.
"""
