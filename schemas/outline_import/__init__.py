"""Outlines out of files that others write: cmi5 course structures, Open edX course blocks, our own YAML.

docs/rules.md, section 6.
"""
