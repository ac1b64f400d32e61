"""Worlds: one course as it was at a position of the log, or as it would be."""
