"""CSV tables: class names beside image names, one column a class, or one row a box."""

from vision.data.formats.csv_table.reader import CsvReader
from vision.data.formats.csv_table.writer import CsvWriter

__all__ = ["CsvReader", "CsvWriter"]
