"""The safe: wallets of participants and officers, what may be signed with them, and the outbox that sends it.

A domain asks :func:`backend.custody.service.request_call`; the row is the promise. The worker gives a nonce, signs, stores the bytes, sends.
"""
