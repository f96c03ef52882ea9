"""The nominal account: deposits, withdrawals, bank statements."""
