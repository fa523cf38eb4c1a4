"""Metrics by the names of SPEC §7."""
