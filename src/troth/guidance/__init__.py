"""OSCAL catalogs and profiles, and the objectives in them."""
