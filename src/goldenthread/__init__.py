"""Golden Thread: population health management from linked records to an evaluated outcome."""

from importlib.metadata import version

__version__ = version("goldenthread")
