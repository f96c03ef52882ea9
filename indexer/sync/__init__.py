"""Reading the chain in order: the loop, verification, the checkpoint."""
