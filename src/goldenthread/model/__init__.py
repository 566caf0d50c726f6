"""The tables everybody reads, each declared once: columns, types, units, value sets, grain and source."""
