"""Object detection and instance segmentation as the training loop sees them."""
