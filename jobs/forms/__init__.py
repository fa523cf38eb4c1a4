"""The New job page: one job document, seen as fields and as YAML."""

from jobs.forms.document import apply_fields, read_fields, start_document
from jobs.forms.page import JobForm, start_from

__all__ = ["JobForm", "apply_fields", "read_fields", "start_document", "start_from"]
