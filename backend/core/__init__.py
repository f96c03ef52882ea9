"""What every domain stands on.

errors       the tree of refusals (drawn there)      permissions  roles and permissions
context      transaction + clock + actor             clock        system or chain time, Moscow time
db           unit of work                            ids          UUIDv7, 32-byte references
states       state machines as data                  pagination   pages, sorting, search
journal      hash-chained audit journal              vault        envelope encryption of personal data
files        encrypted documents                     rules        dated configuration
money daycount business_days tax identifiers         pure arithmetic and validators
"""
