"""Chart specifications, each with its table twin and one-sentence reading."""
