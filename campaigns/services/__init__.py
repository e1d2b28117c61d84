"""What campaigns do: write and launch, follow and stop, attribute orders, make follow-up tasks."""
