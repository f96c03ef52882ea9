"""What tests of several packages make their worlds of."""
