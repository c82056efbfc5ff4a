"""The played demo and the command line (tests/story.py), shared by the rooms that are tested through them."""

import importlib.util
import sys
from pathlib import Path

import pytest

if "story" not in sys.modules:
    spec = importlib.util.spec_from_file_location("story", Path(__file__).resolve().parents[1] / "story.py")
    sys.modules["story"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["story"])

story, troth, kit = sys.modules["story"].fixtures(pytest)
