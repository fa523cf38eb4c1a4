"""Everything that changes a dataset."""

from datasets.services.creating import check_version, create_sample_version, create_version
from datasets.services.deleting import delete_dataset, delete_export, delete_version
from datasets.services.deriving import create_correction, create_edit
from datasets.services.exporting import create_export, make_export
from datasets.services.importing import import_version
from datasets.services.reimporting import import_again

__all__ = [
    "check_version",
    "create_correction",
    "create_edit",
    "create_export",
    "create_sample_version",
    "create_version",
    "delete_dataset",
    "delete_export",
    "delete_version",
    "import_again",
    "import_version",
    "make_export",
]
