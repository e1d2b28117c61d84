"""Our picture of WeCom: callbacks are hints, what the platform says when asked is the truth, a nightly walk repairs the rest."""
