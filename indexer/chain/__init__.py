"""The chain as Python sees it: calls of the node, ABIs, addresses, decoding and proofs. Knows nothing of SQL."""
