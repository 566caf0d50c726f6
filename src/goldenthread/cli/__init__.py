"""The `goldenthread` command."""

from goldenthread.cli.app import app, main

__all__ = ["app", "main"]
