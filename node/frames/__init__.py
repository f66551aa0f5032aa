"""Streams of frames, on which many are asked at once: what both of their ends share."""
