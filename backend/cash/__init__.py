"""The nominal account (ГК РФ ст. 860.1): statements of the bank, deposits, withdrawals, and the daily reconciliation.

statement*     reading and writing camt.053 and the 1C exchange format
deposits       import of a statement: each credit once, matched or queued
withdrawals    asked by the owner, paid by the bank, confirmed by the statement or by hand
reconciliation bank = chain = what waits in between
"""
