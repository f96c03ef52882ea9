"""Payouts: from the schedule of a decision to every kopek paid.

planning     a run for each planned payment; the register fixed at the record date
calculation  what every holder is due, the tax; the check by officers; indices entered by one officer and confirmed by another
execution    declaration, funding, batches, overdue and default, the end of the issue: promised to the chain, followed in the mirror
views        what the office, the issuer and an investor see of it
"""
