"""``make demo``: the life of two ЦФА from registration to redemption, through the HTTP API as users would, then the portals stay up.

api       a user of the JSON API: signs in, steps up, repeats safely
cast      who takes part, with their applications
bank      the bank of the nominal account: statements in camt.053
story     what happens, step by step; a step that was done is passed over after a restart
expected  who must have got what, calculated from the decision files by other code than the platform's
report    the table and the reconciliation
"""
