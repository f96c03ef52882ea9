"""Where private keys live: one interface, three stores, chosen by ``KAPITAL_KEY_STORE``.

base.py         the interface, and what every store's signatures go through
embedded.py     sealed in the database by the vault (the default)
pkcs11.py       in a device or SoftHSM2, by PKCS#11: made there, never leave it
web3signer.py   in a Web3Signer, by its HTTP interface
chosen.py       the store of the settings, and the one that made a given wallet
"""
