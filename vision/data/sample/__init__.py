"""The bundled sample: rendered photos of fasteners on a conveyor, made by our own seeded code."""

from vision.data.sample.writing import write_sample

__all__ = ["write_sample"]
