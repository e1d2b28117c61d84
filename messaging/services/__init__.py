"""What messaging does: queue a broadcast, create and follow its tasks, record what came of them."""
