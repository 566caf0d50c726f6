"""Governance in the browser: purposes, what practices share, opt-outs, and who saw whom."""
