"""The frame of every page: the hub of each role, the scope switcher, help, glossary, and errors in plain words."""
