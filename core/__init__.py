"""The ledger every app shares: facts, jobs, conditions, money, errors."""
