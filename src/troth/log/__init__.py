"""The Merkle tree, tiles, checkpoints, receipts. Blind to payloads."""
