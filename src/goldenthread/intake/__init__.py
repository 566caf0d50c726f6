"""Raw feeds to the model: read, validate, quarantine, link, pseudonymise."""
