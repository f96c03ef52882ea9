"""The issuer's portal."""
