"""Draw noisy counts as bars of text that show how sure each one is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

_SURE, _UNSURE = "█", "░"


def bar_chart(counts: Sequence[tuple[str, int]], plus_minus: int, width: int) -> list[str]:
    """Draw one line a count, at most `width` cells: label, bar, number.

    The bar is full up to `count - plus_minus` and light from there to `count + plus_minus`, where the true
    number probably lies. A count below zero, which noise can bring about, has its number and no full part.
    """
    if not counts:
        return []
    labels = max(cell_len(label) for label, _ in counts)
    numbers = max(len(f"{count:,}") for _, count in counts)
    room = max(8, width - labels - numbers - 2)
    top = max(1, *(count + plus_minus for _, count in counts))
    lines = []
    for label, count in counts:
        full, whole = (_cells(value, top, room) for value in (count - plus_minus, count + plus_minus))
        bar = _SURE * full + _UNSURE * (whole - full)
        lines.append(f"{set_cell_size(label, labels)} {bar:<{room}} {count:>{numbers},}".rstrip())
    return lines


def _cells(value: int, top: int, room: int) -> int:
    return max(0, min(room, round(value * room / top)))
