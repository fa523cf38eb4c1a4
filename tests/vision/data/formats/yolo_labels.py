from __future__ import annotations

CELL = {"label": "can", "topX": 0.1, "topY": 0.25, "bottomX": 0.5, "bottomY": 0.75, "isCrowd": 0}
RING = [0.1, 0.25, 0.5, 0.25, 0.5, 0.75]
