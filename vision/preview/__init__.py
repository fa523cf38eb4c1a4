"""Training images as training would see them, for people to look at: `python -m vision.preview`."""
