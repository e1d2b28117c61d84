"""The dashboards read everything and own no table yet."""
