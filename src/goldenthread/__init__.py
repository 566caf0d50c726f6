"""Golden Thread: population health management from linked records to an evaluated outcome."""
