"""Files and folders as blobs, packs of guidelines, evidence readers by entry point."""
