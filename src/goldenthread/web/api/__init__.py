"""The same figures for programs: tokens with a scope and a purpose, OpenAPI, and files that say what they hold."""
