"""Queries of the journal and of the chain for the auditor and the regulator."""
