"""The registrar's desk: court acts, inheritance, lost access, corrections; each proposed by one registrar, approved by another."""
