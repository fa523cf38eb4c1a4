"""What the trial pages of object detection and instance segmentation show."""
