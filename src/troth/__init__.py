"""Open software on which a voluntary AI-safety framework can run and be believed."""

__version__ = "0.1.0"
