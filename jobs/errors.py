"""What can go wrong with an attempt besides its training."""


class StaleAttemptError(Exception):
    """Another attempt has taken the trial over, or it has ended: stop and write nothing."""
