"""The project: settings, addresses, who may open what, and the data that a request sees."""
