"""dxnode: a privacy-preserving data exchange node for government departments."""

__version__ = "0.1.0"
