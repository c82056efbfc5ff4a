"""The forgeries of tests/forgeries.py, which the vectors are made from too."""

import importlib.util
import sys

import pytest


@pytest.fixture(scope="session")
def forgeries(root, simulated):
    """The module tests/forgeries.py."""
    spec = importlib.util.spec_from_file_location("forgeries", root / "tests/forgeries.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["forgeries"] = module
    spec.loader.exec_module(module)
    return module
