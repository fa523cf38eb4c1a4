"""MLTable (SPEC §2.2): a folder's recipe of which files of JSON lines are read and what is done with their rows."""

from vision.data.mltable.document import is_mltable, read_mltable
from vision.data.mltable.reading import iterate_files, iterate_table
from vision.data.mltable.table import ENCODINGS, Line, Table
from vision.data.mltable.writing import MltableWriter

__all__ = [
    "ENCODINGS",
    "Line",
    "MltableWriter",
    "Table",
    "is_mltable",
    "iterate_files",
    "iterate_table",
    "read_mltable",
]
