"""Synthetic Lincolnshire: writes raw feeds, and nothing else knows it exists."""
