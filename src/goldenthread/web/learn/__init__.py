"""Learn: what every figure means and where the data come from."""
