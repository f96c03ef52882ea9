"""Users of the portals: passwords, second factor, sessions, roles.

service    everything other packages may call          passwords  Argon2id
sign_in    login, refresh, logout, step-up             totp       second factor (RFC 6238)
sessions   list, revoke, look up by cookie             tokens     access tokens (JWT)
recovery   confirmation and password reset by mail     mail       outgoing mail
roles      grants, and grants under four eyes          oidc       an external identity provider
officers   first officers of an installation           reactions  what follows an executed proposal
"""
