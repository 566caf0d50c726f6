"""Initiatives in the browser: the register, and one initiative from question to decision and on."""
