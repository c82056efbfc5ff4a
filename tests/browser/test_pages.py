"""Pages and report in a real browser: WCAG 2.2 AA by axe, no sideways scrolling, the keyboard, no stray request.

Set ``TROTH_SCREENSHOTS`` to a folder to keep pictures of every page (light, dark, phone) and a PDF, for looking at.
"""

import os
from pathlib import Path

import pytest

from troth.reports import pages

pytestmark = pytest.mark.browser

NAMES = ["home", "issuer", "system", "claim", "statement", "guideline", "log", "verify", "error", "report"]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
PICTURES = os.environ.get("TROTH_SCREENSHOTS", "")


@pytest.fixture
def axe_findings():
    """A function from a page to what axe finds, as lines."""
    sync = pytest.importorskip("axe_playwright_python.sync_playwright")

    def find(page):
        options = {"runOnly": {"type": "tag", "values": TAGS}, "rules": {"target-size": {"enabled": True}}}
        response = sync.Axe().run(page, options=options).response
        assert len(response["passes"]) > 10, "axe looked at too little"
        return [
            f"{finding['id']}: {node['target']} {node['failureSummary']}"
            for finding in response["violations"]
            for node in finding["nodes"]
        ]

    return find


@pytest.mark.parametrize("view", ["light", "dark", "phone"])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(opened, served, axe_findings, name, view):
    page = opened(served[name], view, script=True)  # axe is a script; the pages have none
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert axe_findings(page) == []
    width, seen = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert width <= seen
    if PICTURES:
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}-{view}.png", full_page=True)
        if view == "light":
            page.pdf(path=folder / f"{name}.pdf", format="A4", print_background=True)


@pytest.mark.parametrize("view", ["light", "dark"])
def test_axe_would_find_a_fault(opened, served, axe_findings, view):
    page = opened(served["home"], view, script=True)
    page.evaluate("document.querySelector('h1').innerHTML = '<img src=\"data:,\">'")
    assert any(line.startswith("image-alt") for line in axe_findings(page))


@pytest.mark.parametrize("name", NAMES)
def test_with_script_off_a_page_asks_for_itself_and_its_style_only(opened, served, name):
    page = opened(served[name])
    wanted = 1 if name == "report" else 2
    loaded = [url for url in page.asked if not url.startswith("data:")]
    assert len(loaded) == wanted, loaded
    assert page.faults == []
    assert page.locator("h1").is_visible()


@pytest.mark.parametrize("view", ["light", "phone"])
@pytest.mark.parametrize("name", NAMES)
def test_the_keyboard_reaches_everything_and_shows_where_it_is(opened, served, name, view):
    page = opened(served[name], view, script=True)
    reachable = page.evaluate("document.querySelectorAll('a[href], summary, button, input').length")
    reached = []
    for _ in range(reachable):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => {
                    const one = document.activeElement, box = one.getBoundingClientRect();
                    if (one === document.body) return null;
                    one.dataset.seen = '1';
                    const style = getComputedStyle(one);
                    return [style.outlineStyle, parseFloat(style.outlineWidth), box.left >= 0 && box.top >= 0
                            && box.right <= innerWidth && box.bottom <= innerHeight && box.width > 0,
                            one.textContent, JSON.stringify(box)];
                }"""
            )
        )
    assert all(reached), reached
    assert [place for place in reached if place[0] == "none" or place[1] < 2 or not place[2]] == []
    assert page.evaluate("document.querySelectorAll('[data-seen]').length") == reachable


def test_the_skip_link_leads_to_the_content(opened, served):
    page = opened(served["claim"], script=True)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_not_measured_is_as_large_as_the_rest(opened, served):
    page = opened(served["claim"], script=True)
    sizes = page.evaluate(
        "[...document.querySelectorAll('svg.plot')].map(one => one.getBoundingClientRect().height)"
    )
    assert len(sizes) == 6
    assert max(sizes) - min(sizes) < 1


def test_print_shows_the_plots_and_hides_the_navigation(opened, served):
    page = opened(served["claim"], "dark", script=True)
    page.emulate_media(media="print")
    assert not page.locator("nav[aria-label=Main]").is_visible()
    assert page.locator("svg.plot").first.is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"


def test_long_foreign_words_do_not_push_a_phone_sideways(opened, served, samples):
    keep = {"outcome", "direction", "use", "binding", "threshold", "confidence", "estimate", "lower", "upper", "events",
            "digest", "digests", "evidence", "system_digest", "commitment", "plan", "created", "completed", "raw",
            "measured_at", "stale_after", "expires", "rung", "marks", "method", "metric", "stopping"}  # fmt: skip
    page = opened(served["home"], "phone", script=True)
    style = pages.stylesheet().decode()
    for name, record in samples.make_pages().items():
        if record is not None:
            html = getattr(pages, name)(samples.make_site(), samples.swapped(record, "W" * 180, keep))
            page.set_content(html)
            page.evaluate(
                """css => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css);
                            document.adoptedStyleSheets = [sheet]; }""",
                style,
            )
            for width in (390, 1200):
                page.set_viewport_size({"width": width, "height": 844})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
