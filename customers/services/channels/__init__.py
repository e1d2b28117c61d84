"""Channels: where customers come from, and who answers them. Codes are pushed to WeCom as shifts change."""
