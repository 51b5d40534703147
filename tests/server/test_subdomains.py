"""Each person's server at a name of its own (SUBDOMAIN_HOST), which browsers keep apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser

from support.browser import chromium
from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.installation import PASSWORDS, Installation, wait_for_login_page
from support.network import NameServer
from support.people import PASSWORD, make_people, socket_of
from support.settings import APPLY, write_settings

LogIn = Callable[[str], HubClient]

#: What a hostile person has at the place of their server: one page, whatever is asked for.
HOSTILE = """
import http.server, os, socketserver, sys
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(sys.argv[2].encode())
    def log_message(self, *_): pass
os.umask(0o007)
socketserver.ThreadingUnixStreamServer(sys.argv[1], Answers).serve_forever()
"""
#: It takes a token of whoever opens it, and shows what has come of that.
PAGE = """
<script>
(async () => {
  try {
    const asked = { credentials: "include" };
    const form = await (await fetch("HUB/hub/token", asked)).text();
    const [, proof] = /xsrf_token: "([^"]+)"/.exec(form);
    const headers = { "X-XSRFToken": proof, "Content-Type": "application/json" };
    const sent = { ...asked, method: "POST", headers, body: "{}" };
    document.title = "status " + (await fetch("HUB/hub/api/users/wash/tokens", sent)).status;
  } catch (error) {
    document.title = "stopped by " + error.name;
  }
})();
</script>
"""


@pytest.fixture(scope="module")
def hostile(server: BootedServer, client: LogIn) -> str:
    """The name of somebody whose server is such a page."""
    (name,) = make_people(server, "hostile", 1)
    person = client(name)
    assert person.log_in(PASSWORD).status_code == HTTPStatus.FOUND
    person.spawn()
    path = socket_of(server, name)
    server.as_user(name, "mv", path, f"{path}.own", check=True)
    page = PAGE.replace("HUB", server.host.url)
    program = ("/usr/bin/python3", "-c", HOSTILE, path, page)
    server.run("systemd-run", "--unit=hostile", f"--uid={name}", *program)
    listens = ("test", "-S", path)
    wait_for("the page", lambda: server.run(*listens, check=False).returncode == 0, 10)
    return name


@pytest.fixture(scope="module")
def browser(installed: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("browser"), installed.ca) as opened:
        yield opened


def came_of_opening(browser: Browser, hub: str, address: str) -> str:
    """What comes of it when Wash, who is logged in, opens a page of somebody's."""
    page = browser.new_context().new_page()
    page.goto(f"{hub}/hub/login?next=%2Fhub%2Fhome")
    page.get_by_label("Username").fill("wash")
    page.get_by_label("Password").fill(PASSWORDS["wash"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/hub/home")
    page.goto(address)
    page.wait_for_function("document.title !== ''")
    return page.title()


def test_at_one_name_for_all_a_persons_page_takes_a_token_of_whoever_opens_it(
    browser: Browser, server: BootedServer, hostile: str
) -> None:
    hub = server.host.url
    assert came_of_opening(browser, hub, f"{hub}/user/{hostile}/") == "status 201"


@pytest.fixture(scope="module")
def before(sign_in: LogIn) -> tuple[HubClient, str]:
    """Wash, whose server runs with a kernel before anybody has a name of their own."""
    wash = sign_in("wash")
    wash.spawn()
    kernel = wash.new_kernel()
    wash.run_cell(kernel, "answer = 42")
    return wash, kernel


@pytest.fixture(scope="module")
def domain(
    server: BootedServer,
    names: NameServer,
    installed: Installation,
    before: tuple[HubClient, str],
    hostile: str,
) -> Iterator[str]:
    """The server's name, with a record in DNS for all names below it, and the setting."""
    assert before
    host = server.host.domain_name
    names.domains[host] = server.host.address
    known = Path("/etc/hosts").read_text("utf-8")
    people = " ".join(f"{name}.{host}" for name in ("zoe", "wash", "nobody", hostile))
    Path("/etc/hosts").write_text(f"{known}{server.host.address} {people}\n", "utf-8")
    write_settings(server, SUBDOMAIN_HOST=host)
    server.run(*APPLY)
    wait_for_login_page(server, installed.ca)
    yield host
    Path("/etc/hosts").write_text(known, "utf-8")
    names.domains.clear()


@pytest.fixture(scope="module")
def zoe(domain: str, sign_in: LogIn) -> HubClient:
    """Zoe, whose server has started at her own name."""
    assert domain
    person = sign_in("zoe")
    person.spawn()
    return person


def test_her_server_answers_at_her_own_name(zoe: HubClient, domain: str) -> None:
    assert zoe.server_url == f"https://zoe.{domain}"
    assert zoe.compute("print(6 * 7)") == "42\n"


def test_at_the_hubs_name_there_is_no_page_of_hers(zoe: HubClient, domain: str) -> None:
    page = zoe.session.get(f"{zoe.url}/user/zoe/lab", timeout=15)
    assert page.url.startswith(f"https://zoe.{domain}/user/zoe/lab")
    refused = zoe.session.post(f"{zoe.url}/user/zoe/api/kernels", timeout=15)
    assert refused.status_code != HTTPStatus.CREATED


@pytest.mark.parametrize("name", ["zoe", "nobody"])
def test_at_her_name_there_is_no_page_of_the_hubs(zoe: HubClient, domain: str, name: str) -> None:
    login = f"https://{name}.{domain}/hub/login"
    shown = zoe.session.get(login, params={"next": "/x"}, allow_redirects=False, timeout=15)
    assert shown.status_code == HTTPStatus.FOUND
    assert shown.headers["Location"] == f"https://{domain}/hub/login?next=%2Fx"
    sent = zoe.session.post(login, data={"username": "zoe"}, timeout=15)
    assert sent.status_code == HTTPStatus.MISDIRECTED_REQUEST


def test_at_names_of_their_own_browsers_stop_such_a_page(
    browser: Browser, server: BootedServer, hostile: str, domain: str
) -> None:
    page = f"https://{hostile}.{domain}/user/{hostile}/"
    assert came_of_opening(browser, server.host.url, page) == "stopped by TypeError"


def test_whoever_looks_whether_the_hub_is_there_may_use_any_name(
    zoe: HubClient, domain: str
) -> None:
    assert zoe.session.get(f"https://nobody.{domain}/hub/health", timeout=15).ok


def test_no_login_goes_to_another_name(zoe: HubClient, domain: str) -> None:
    logins = {cookie.name: cookie for cookie in zoe.cookies() if cookie.name.startswith("__Host-")}
    assert len(logins) >= 2
    assert not any(cookie.domain_specified for cookie in logins.values())
    assert {cookie.domain for cookie in logins.values()} <= {domain, f"zoe.{domain}"}


def test_another_persons_server_does_not_take_her_login(zoe: HubClient, domain: str) -> None:
    theirs = zoe.session.get(f"https://wash.{domain}/user/wash/api/contents", timeout=15)
    assert theirs.status_code == HTTPStatus.FORBIDDEN


def test_a_server_from_before_goes_on(before: tuple[HubClient, str], domain: str) -> None:
    wash, kernel = before
    # requests sends them to names below as well, which no browser does
    wash.session.cookies.clear(domain)
    assert wash.log_in(PASSWORDS["wash"]).status_code == HTTPStatus.FOUND
    page = wash.get("/user/wash/lab")
    assert page.url.startswith(f"https://wash.{domain}/user/wash/lab"), page.text
    wash.own_url = f"https://wash.{domain}"
    assert wash.run_cell(kernel, "print(answer)") == "42\n"


def test_the_state_says_it_and_what_dns_lacks(
    server: BootedServer, domain: str, names: NameServer
) -> None:
    line = f"one for each person below {domain}"
    assert f"{line}\n" in server.run("teamhub", "status").stdout
    names.domains.clear()
    assert f"{line}, but DNS does not answer" in server.run("teamhub", "status").stdout


def test_the_port_of_http_leads_to_the_name(domain: str) -> None:
    answer = requests.get(f"http://zoe.{domain}/lab", allow_redirects=False, timeout=15)
    assert answer.headers["Location"] == f"https://zoe.{domain}/lab"
