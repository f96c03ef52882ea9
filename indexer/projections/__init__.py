"""Derived tables: each module lists the events it understands and applies one at a time."""

from indexer.projections.projector import APPLIED, Projections

__all__ = ["APPLIED", "Projections"]
