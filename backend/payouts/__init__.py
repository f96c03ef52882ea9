"""Schedules of coupons and redemption, entitlement at record dates, payment runs."""
