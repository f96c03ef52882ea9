"""The market: orders in a placement, the book's closing and settlement, transfers, offers, portfolios.

primary     order, recall, cancel, the issuer's allocation
settlement  ticks: close the book after the cut-off, settle or refund, drop orders of the blocked
secondary   transfers and offers between participants
portfolio   holdings, value, profit by lots
"""
