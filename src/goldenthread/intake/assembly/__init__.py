"""From staged files to the tables of the lake."""
