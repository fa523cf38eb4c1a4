"""From image files to batches: decoding, the decoded cache, augmentation, batch order."""
