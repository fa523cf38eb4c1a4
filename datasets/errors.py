"""What can go wrong with an import besides its content."""


class StaleImportError(Exception):
    """Another attempt has taken this import over, or the version is gone: stop and write nothing."""
