"""`dxnode init`: makes the folder of a new node."""

from __future__ import annotations

import typer

app = typer.Typer()
