"""The server: registration (the only append path), SCRAPI, tiles, blobs, pages."""
