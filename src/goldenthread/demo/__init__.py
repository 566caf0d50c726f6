"""Synthetic Lincolnshire: writes raw feeds, and nothing else knows it exists."""

from goldenthread.demo.generate import DemoSummary, generate
from goldenthread.demo.population import DemoError

__all__ = ["DemoError", "DemoSummary", "generate"]
