"""Proof that the contracts may be trusted with money: static analysis, coverage, mutation, symbolic proofs (docs/contracts-assurance.md)."""
