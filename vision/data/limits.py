"""What an import refuses, each limit with its reason."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class ImportLimits:
    """The bounds of one import. All sizes in bytes."""

    min_training_images: int = 10
    """Azure refuses a job on fewer; nothing useful is learnt from less."""
    max_entries: int = 2_000_000
    """Files in one archive."""
    max_unpacked_bytes: int = 200 * GIB
    """All files of one archive together, unpacked."""
    max_file_bytes: int = 4 * GIB
    """One file of an archive, unpacked."""
    max_ratio: int = 200
    """Unpacked over packed: photos stay under 2, text under 50, a bomb is over 1000."""
    ratio_grace_bytes: int = 256 * MIB
    """Below this much unpacked the ratio is not judged: a few blank pictures pack very well."""
    keep_free_bytes: int = 512 * MIB
    """Disk space an import leaves for everything else on the machine."""
    max_path_bytes: int = 1024
    """One path inside an archive."""
    max_path_depth: int = 64
    """Folders within folders."""
    max_line_bytes: int = 8 * MIB
    """One line of a JSONL file: some 500,000 polygon points."""
    max_image_bytes: int = 256 * MIB
    """One image file: it is read whole."""
    max_label_length: int = 200
    """One class name, in characters."""
    max_labels: int = 10_000
    """Class names in one dataset."""
    max_report_rows: int = 1_000
    """Errors, and as many warnings, shown with their place; all are counted."""
    max_findings: int = 200_000
    """Findings in the report that can be downloaded."""


DEFAULT_LIMITS = ImportLimits()
