"""People: one pseudonymous person's contact with all services, opened for a reason and noted."""
