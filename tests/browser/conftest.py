"""Debian's chromium, the sample pages on a loopback address under the hub's policy, and axe."""

import importlib.util
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from troth.reports import pages

CHROMIUM = os.environ.get("TROTH_CHROMIUM") or shutil.which("chromium") or ""
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
VIEWS = {
    "light": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}


@pytest.fixture(scope="session")
def samples():
    """The sample records that tests/reports uses."""
    path = Path(__file__).resolve().parents[1] / "reports" / "samples.py"
    spec = importlib.util.spec_from_file_location("browser_samples", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def browser():
    """One chromium for all tests; skips aloud where there is none."""
    if not CHROMIUM:
        pytest.skip("chromium is not installed (apt-get install chromium, or set TROTH_CHROMIUM)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield running
        running.close()


class Folder(BaseHTTPRequestHandler):
    """Serves ``server.files``: path -> (type, policy, bytes)."""

    def do_GET(self):
        kind, policy, body = self.server.files.get(self.path, ("text/plain", POLICY, b""))
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Silent."""


@pytest.fixture(scope="session")
def served(samples):
    """Name -> address of every sample page, and of the report (which carries its own policy)."""
    html = samples.render_all()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Folder)
    server.files = {
        f"/{name}": ("text/html; charset=utf-8", "" if name == "report" else POLICY, text.encode())
        for name, text in html.items()
    }
    server.files[f"/static/{pages.stylesheet_name()}"] = ("text/css", POLICY, pages.stylesheet())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield {name: f"http://127.0.0.1:{server.server_port}/{name}" for name in html}
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def opened(browser):
    """A function from an address and a view's name to a page that is loaded, script off unless asked for."""
    contexts = []

    def load(url, view="light", *, script=False):
        context = browser.new_context(**VIEWS[view], java_script_enabled=script)
        contexts.append(context)
        page = context.new_page()
        page.faults = []
        page.on("console", lambda message: page.faults.append(message.text))
        page.on("requestfailed", lambda request: page.faults.append(request.url))
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(url, wait_until="load")
        return page

    yield load
    for context in contexts:
        context.close()
