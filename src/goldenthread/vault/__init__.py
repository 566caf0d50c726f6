"""Identities, encrypted; keys; and pseudonyms. Nothing analytic imports this room."""
