"""Everything that changes a dataset."""

from datasets.services.creating import create_sample_version, create_version
from datasets.services.deleting import delete_dataset, delete_version
from datasets.services.importing import import_version

__all__ = ["create_sample_version", "create_version", "delete_dataset", "delete_version", "import_version"]
