"""The `goldenthread` command."""
