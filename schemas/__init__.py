"""xAPI and our own types: pure, and importing nothing else of ours."""
