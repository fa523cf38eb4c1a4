"""Explanations of a prediction: four algorithms behind one function, and the picture they are shown in."""

from vision.explain.attribution import Attribution
from vision.explain.dispatch import explain
from vision.explain.picture import render_grid, render_grid_base64

__all__ = ["Attribution", "explain", "render_grid", "render_grid_base64"]
