"""Measures the speed and size that the project promises; `scripts/bench` runs it."""
