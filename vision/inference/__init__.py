"""Trained models: prepared images in, predictions out; packaging as MLflow models."""
