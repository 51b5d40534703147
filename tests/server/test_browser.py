"""A person's path: headless Chromium signs in, opens a notebook, and sees a bokeh plot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support.browser import Visits, chromium
from support.container import BootedServer
from support.installation import PASSWORDS, Installation, Target
from support.network import NameServer

pytestmark = pytest.mark.every_suite

PLOT = """\
import numpy as np
from bokeh.io import output_notebook
from bokeh.plotting import figure, show
output_notebook(hide_banner=True)
x = np.linspace(0, 4 * np.pi, 200)
p = figure(width=620, height=300, title="Two waves")
p.line(x, np.sin(x), line_width=3)
p.line(x, np.cos(x), line_width=3, color="orange")
show(p)"""
#: JupyterLab loads some megabytes and compiles them, on two slow cores too.
MILLISECONDS = 90_000


@dataclass(frozen=True)
class Visit:
    """What came of one visit to the hub with a browser."""

    page: Page
    hosts: set[str]
    errors: list[str]
    names_asked: list[str]
    screenshots: Path


@pytest.fixture(scope="module")
def page(installed: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("browser"), installed.ca) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(MILLISECONDS)
        yield page


@pytest.fixture(scope="module")
def visit(
    page: Page,
    server: BootedServer,
    names: NameServer,
    target: Target,
    pytestconfig: pytest.Config,
) -> Visit:
    """Zoe signs in, opens a notebook and runs a cell with a plot."""
    chosen = pytestconfig.getoption("--screenshots")
    folder = Path(chosen or f".build/screenshots/{target.suite}").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    visits = Visits(page)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    mark = names.mark()

    sign_in_and_plot(page, server.host.url, folder)
    return Visit(page, visits.hosts, errors, names.asked_since(mark), folder)


def sign_in_and_plot(page: Page, url: str, folder: Path) -> None:
    """What a person does, with a picture of the login page and one of the notebook."""
    page.goto(f"{url}/")
    page.screenshot(path=folder / "login.png")
    page.get_by_label("Username").fill("zoe")
    page.get_by_label("Password").fill(PASSWORDS["zoe"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/user/zoe/lab**", timeout=MILLISECONDS)
    page.locator('.jp-LauncherCard[data-category="Notebook"]').first.click()
    cell = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
    cell.click()
    # Before its kernel is there, JupyterLab drops what it is asked to run.
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=MILLISECONDS)
    page.keyboard.insert_text(PLOT)
    page.keyboard.press("Shift+Enter")
    page.locator(".jp-OutputArea-output .bk-Figure").first.wait_for()
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    page.screenshot(path=folder / "notebook.png")
    page.keyboard.press("Control+s")
    page.locator(".jp-Dialog input[type=text]").fill("Two waves.ipynb")
    page.get_by_role("button", name="Rename and Save").click()


def test_she_sees_the_plot(visit: Visit) -> None:
    figure = visit.page.locator(".jp-OutputArea-output .bk-Figure").first
    box = figure.bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (620, 300)
    canvas = visit.page.locator(".jp-OutputArea-output canvas").first
    colours = canvas.evaluate(
        "c => new Set(new Uint32Array(c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data.buffer)).size"
    )
    assert colours > 10


def test_the_certificate_verified_without_a_warning(visit: Visit) -> None:
    assert visit.page.evaluate("window.isSecureContext") is True
    assert visit.page.url.startswith("https://")


def test_the_browser_asked_the_server_alone(visit: Visit, server: BootedServer) -> None:
    assert visit.hosts == {server.host.domain_name}


def test_the_server_asked_nobody(visit: Visit, server: BootedServer) -> None:
    own_names = {server.host.name, server.host.domain_name}
    assert set(visit.names_asked) <= own_names


def test_no_script_of_the_page_failed(visit: Visit) -> None:
    assert visit.errors == []


def test_no_dialog_and_no_notice_bothers_her(visit: Visit) -> None:
    expect(visit.page.locator(".jp-Dialog")).to_have_count(0)
    expect(visit.page.locator(".Toastify__toast")).to_have_count(0)


def test_the_notebook_is_saved(visit: Visit, server: BootedServer) -> None:
    expect(visit.page.locator(".jp-NotebookPanel-toolbar")).to_be_visible()
    saved = "'/home/zoe/notebooks/Two waves.ipynb'"
    server.run(
        "timeout", "15", "sh", "-c", f"until grep -q 'Two waves' {saved}; do sleep 0.2; done"
    )


def test_pictures_were_taken(visit: Visit, figure: Callable[[str], None]) -> None:
    for name in ("login.png", "notebook.png"):
        picture = visit.screenshots / name
        assert picture.stat().st_size > 10_000
        figure(f"screenshot: {picture}")


def test_a_home_that_becomes_full_is_said_in_jupyterlab(visit: Visit, server: BootedServer) -> None:
    server.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/home/zoe")
    try:
        server.run("dd", "if=/dev/zero", "of=/home/zoe/full", "bs=4k", check=False)
        notice = visit.page.get_by_text("Your home folder /home/zoe", exact=False).first
        expect(notice).to_be_visible(timeout=MILLISECONDS)
    finally:
        server.run("umount", "/home/zoe")
