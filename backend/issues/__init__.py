"""Issuance decisions: terms, checks, the schedule of payments, and the life cycle of an issue."""
