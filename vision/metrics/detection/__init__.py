"""Scoring of found objects, boxes or masks."""
