"""What was written to the log: counted a round trip at a time, which many requests share."""

from lrs.metrics.distribution import SECONDS, STATEMENTS, Distribution


class Commits:
    """Round trips that were committed. stored: statements that were new; known: those that were there already."""

    def __init__(self) -> None:
        self.sizes = Distribution(STATEMENTS)
        self.seconds = Distribution(SECONDS)
        self.stored = 0
        self.known = 0

    def add(self, statements: int, new: int, seconds: float) -> None:
        """One more."""
        self.sizes.observe(statements)
        self.seconds.observe(seconds)
        self.stored += new
        self.known += statements - new
