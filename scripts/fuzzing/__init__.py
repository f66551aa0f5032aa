"""Fuzzing with coverage of everything that reads bytes from others."""
