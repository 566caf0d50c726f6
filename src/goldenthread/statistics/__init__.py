"""Public-health statistics with their intervals, as pure functions over numbers."""
