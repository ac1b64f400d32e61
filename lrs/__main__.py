"""`python -m lrs` is `lrs`."""

from lrs.cli import main

main()
