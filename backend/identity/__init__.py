"""People and organisations: KYC and KYB cases, screening, qualification, powers of attorney, on-chain admission."""
