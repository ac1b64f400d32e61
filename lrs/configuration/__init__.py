"""What is set of courses and persons: set it, read it, as of any position. docs/rules.md, section 7."""
