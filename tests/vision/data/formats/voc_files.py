from __future__ import annotations

BOX = "<bndbox><xmin>4</xmin><ymin>5</ymin><xmax>20</xmax><ymax>15</ymax></bndbox>"
CELL = {"label": "can", "topX": 0.1, "topY": 0.25, "bottomX": 0.5, "bottomY": 0.75, "isCrowd": 0}
RING = [0.1, 0.25, 0.5, 0.25, 0.5, 0.75]


def one(inner: str = BOX, name: str = "can") -> str:
    return f"<object>\n<name>{name}</name>\n{inner}\n</object>"


def xml(*objects: str, filename: str | None = "a.jpg", size: tuple[int, int] | None = (40, 20)) -> str:
    named = f"<filename>{filename}</filename>" if filename is not None else ""
    sized = f"<size><width>{size[0]}</width><height>{size[1]}</height></size>" if size else ""
    return f"<annotation>\n{named}\n{sized}\n" + "\n".join(objects) + "\n</annotation>"
