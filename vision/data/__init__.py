"""Labelled images from an upload to rows a training run reads. Loads no torch."""
