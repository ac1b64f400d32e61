"""Traces of some statements, from their POST to the pages that show them, where a collector is configured."""
