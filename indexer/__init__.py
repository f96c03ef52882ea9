"""Chain to SQL: the lowest package. No web code, no private key, nothing of the back office."""
