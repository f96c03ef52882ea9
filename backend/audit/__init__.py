"""What auditors see: the mirrored chain, its integrity, the journal and its anchors. Reads; writes only keys and anchors.

explorer    blocks, transactions with decoded calls, addresses
tokens      holders at any block, the walk of the supply, corporate actions
events      every event with filters, signed exports
integrity   lag, reconciliations, alarms, validators
journal     entries, verification, proof of an entry against an anchored root
anchoring   the tick that anchors new entries; :mod:`backend.audit.merkle` has the tree
"""
