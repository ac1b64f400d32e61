"""What is counted and measured while the server works, for Prometheus."""
