"""What people read: one-file HTML reports, plots as SVG, tables."""
