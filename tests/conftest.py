"""What every test shares: the public data beside a checkout, and closed sockets."""

import importlib.util
import os
import signal
import sys
from pathlib import Path

import pytest
import pytest_socket
from hypothesis import HealthCheck, settings

settings.register_profile("troth", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("troth")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def pytest_configure(config):
    """The fixtures of tests/postgres.py are every test's; Ctrl-C works also where a shell started us to ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    spec = importlib.util.spec_from_file_location("postgres", ROOT / "tests/postgres.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config.pluginmanager.register(module, "postgres")


def pytest_collection_modifyitems(items):
    """What forks goes first: before a server, a browser or a thread of other tests is there."""
    items.sort(key=lambda item: item.path.name != "test_pool.py")


@pytest.fixture(scope="session")
def root():
    """The checkout's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared():
    """A function from a path under the public data to a Path; skips the test where that is absent."""

    def find(path: str) -> Path:
        found = SHARED / "data" / path
        if not found.exists():
            pytest.skip(f"the public data beside the checkout is absent ({path})")
        return found

    return find


@pytest.fixture(autouse=True)
def _closed_sockets(request):
    """Unit tests open no sockets; a test marked ``network`` or ``browser`` may, on the loopback address."""
    if request.node.get_closest_marker("network") or request.node.get_closest_marker("browser"):
        pytest_socket.socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)
    else:
        pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()
    pytest_socket._remove_restrictions()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where TROTH_NO_SKIP is set (CI), a skip is a failure: what it needs should be there, but for the public data."""
    report = yield
    allowed = not SHARED.exists() and "public data beside the checkout is absent" in str(report.longrepr)
    if report.skipped and os.environ.get("TROTH_NO_SKIP") and not allowed and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def simulated():
    """The module tests/simlog.py: a log in memory (`SimLog`) and its keys."""
    spec = importlib.util.spec_from_file_location("simlog", ROOT / "tests/simlog.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["simlog"] = module
    spec.loader.exec_module(module)
    return module
