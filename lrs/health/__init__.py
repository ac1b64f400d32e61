"""How the store stands: what a probe, a dashboard and an alarm ask."""
