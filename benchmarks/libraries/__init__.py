"""One epoch after another of each library's own training loop: what ours is measured against."""
