"""What passes the proxy: nothing by which a person's server reaches others or the login page."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from http import HTTPStatus

import pytest
import requests

from support.container import BootedServer, wait_for
from support.hub_client import HubClient
from support.installation import APT, Installation
from support.people import socket_of

LogIn = Callable[[str], HubClient]

#: What a hostile person has at the place of their server.
HOSTILE = """
import http.server, os, socketserver, sys
HEADERS = [
    ("Service-Worker-Allowed", "/"),
    ("Set-Cookie", "everywhere=1; Path=/"),
    ("Set-Cookie", "others=1; path=/user/wash/"),
    ("Set-Cookie", "torn=1; Path=/user/%zz"),
    ("Set-Cookie", "domain=1; Path=/user/zoe/; Domain=test"),
    ("Set-Cookie", "own=1; Path=/user/zoe/"),
    ("Set-Cookie", "bare=1"),
]
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        for name, value in HEADERS: self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"hostile")
    def log_message(self, *_): pass
os.umask(0o007)
socketserver.ThreadingUnixStreamServer(sys.argv[1], Answers).serve_forever()
"""


@pytest.fixture
def hostile(server: BootedServer, zoe: HubClient) -> Iterator[HubClient]:
    """What wash sees of zoe's server, in whose place zoe has a program of her own."""
    zoe.get("/user/zoe/api/status").raise_for_status()
    path = socket_of(server, "zoe")
    server.as_user("zoe", "mv", path, f"{path}.mine", check=True)
    server.run(
        "systemd-run", "--unit=hostile", "--uid=zoe", "/usr/bin/python3", "-c", HOSTILE, path
    )
    listens = ("test", "-S", path)
    wait_for("the program", lambda: server.run(*listens, check=False).returncode == 0, 10)
    yield zoe
    server.run("systemctl", "stop", "hostile")
    server.as_user("zoe", "mv", f"{path}.mine", path, check=True)
    zoe.get("/user/zoe/api/status").raise_for_status()


def test_a_persons_server_gets_no_page_but_its_own_to_itself(hostile: HubClient) -> None:
    answer = hostile.session.get(f"{hostile.url}/user/zoe/page", timeout=15)
    assert answer.text == "hostile"
    assert "Service-Worker-Allowed" not in answer.headers
    found = {(cookie.name, cookie.path) for cookie in hostile.session.cookies}
    assert {("own", "/user/zoe/"), ("bare", "/user/zoe/")} <= found
    assert not {"everywhere", "others", "torn", "domain"} & {name for name, _ in found}


def test_a_large_body_reaches_her_server_and_not_the_hub(zoe: HubClient) -> None:
    large = "x" * (2 << 20)
    model = {"type": "file", "format": "text", "content": large}
    zoe.server_api("PUT", "contents/large.txt", json=model).raise_for_status()
    answer = zoe.session.post(f"{zoe.url}/hub/login", data=large, timeout=15)
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    chunks = zoe.session.post(f"{zoe.url}/hub/login", data=iter([b"x"]), timeout=15)
    assert chunks.status_code == HTTPStatus.LENGTH_REQUIRED


def test_a_browser_keeps_its_connection(zoe: HubClient) -> None:
    for path in ("/hub/login", "/user/zoe/api/status"):
        answer = zoe.session.get(f"{zoe.url}{path}", timeout=15)
        assert answer.headers["Connection"] == "keep-alive"


def test_nobody_says_which_address_they_come_from(server: BootedServer, client: LogIn) -> None:
    stranger = client("zoe")
    stranger.session.headers["X-Real-Ip"] = "198.51.100.9"
    assert stranger.log_in("wrong").status_code == HTTPStatus.FORBIDDEN
    wait_for("the refusal", lambda: "PAM on zoe@" in server.journal("teamhub"), 10)
    assert "198.51.100.9" not in server.journal("teamhub")


#: What a program on the server itself may send to the hub's socket: a login with another address.
LOCAL_LOGIN = """
import http.client, re, socket, urllib.parse
def ask(*arguments, **headers):
    hub = http.client.HTTPConnection("hub")
    hub.sock = socket.socket(socket.AF_UNIX)
    hub.sock.connect("/run/teamhub/hub/hub.sock")
    hub.request(*arguments, headers=headers)
    return hub.getresponse()
# a form is for whoever was given it
claimed = {"X-Forwarded-For": "203.0.113.7", "X-Real-Ip": "203.0.113.7"}
cookies = ask("GET", "/hub/login", **claimed).msg.get_all("Set-Cookie")
token = re.search("_xsrf=([^;]+)", ";".join(cookies))[1]
form = urllib.parse.urlencode({"username": "wash", "password": "wrong", "_xsrf": token})
sent = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"_xsrf={token}"}
print(ask("POST", "/hub/login", form, **claimed, **sent).status)
"""


def test_fail2ban_finds_the_addresses_of_refused_logins_and_no_others(
    server: BootedServer, client: LogIn
) -> None:
    server.run(*APT, "install", "--no-install-recommends", "fail2ban", "python3-systemd",
               DEBIAN_FRONTEND="noninteractive")  # fmt: skip
    forged = "[W 2026-11-27 20:46:01.123 JupyterHub authenticator:1] PAM on zoe@203.0.113.7: "
    failure = "[PAM Error 7] Authentication failure"
    for name in ("zoe", f"zoe@203.0.113.7: {failure}", f"x\n{forged}{failure}"):
        assert client(name).log_in("wrong").status_code == HTTPStatus.FORBIDDEN
    local = server.as_user("zoe", "/usr/bin/python3", "-c", LOCAL_LOGIN, check=True)
    assert local.stdout.strip() == str(HTTPStatus.FORBIDDEN.value)
    uid = server.output("id", "--user", "zoe")
    wait_for("the refusal", lambda: f"PAM on wash@uid {uid}: " in server.journal("teamhub"), 10)
    found = server.output("fail2ban-regex", "--out", "<ip>", "systemd-journal", "teamhub")
    assert set(found.split()) == {server.host.gateway}
    assert len(found.split()) >= 3
    jails = server.output("fail2ban-client", "--dp")
    assert "teamhub" not in jails


def test_strangers_learn_no_version(client: LogIn) -> None:
    answer = client("zoe").session.get(f"{client('zoe').url}/hub/login", timeout=15)
    assert not {"server", "x-jupyterhub-version"} & {name.lower() for name in answer.headers}


def test_a_page_without_tls_opens_no_websocket(zoe: HubClient) -> None:
    kernel = zoe.new_kernel()
    answer = zoe.session.get(
        f"{zoe.url}/user/zoe/api/kernels/{kernel}/channels",
        headers={
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Origin": zoe.url.replace("https://", "http://"),
        },
        timeout=15,
    )
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert zoe.run_cell(kernel, "print(6 * 7)") == "42\n"


@pytest.mark.parametrize("asked", ["evil.example", "evil.example:80", "a@evil.example", "%", ""])
def test_the_port_of_http_leads_to_this_server_alone(server: BootedServer, asked: str) -> None:
    url = f"http://{server.host.domain_name}/lab?x=1"
    answer = requests.get(url, headers={"Host": asked}, allow_redirects=False, timeout=15)
    assert answer.headers["Location"] == f"https://{server.host.domain_name}/lab?x=1"


def test_it_leads_to_the_address_that_was_typed(server: BootedServer) -> None:
    address = server.host.address
    answer = requests.get(f"http://{address}/lab", allow_redirects=False, timeout=15)
    assert answer.headers["Location"] == f"https://{address}/lab"


def test_tls_1_2_has_no_cipher_that_ages(server: BootedServer, installed: Installation) -> None:
    trust = ssl.create_default_context(cafile=str(installed.ca))
    trust.check_hostname = False
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    address = (server.host.address, 443)
    with socket.create_connection(address, 10) as plain, trust.wrap_socket(plain) as agreed:
        name, _, _ = agreed.cipher() or ("", "", 0)
    assert "GCM" in name or "CHACHA20" in name
    trust.set_ciphers("ALL:!AESGCM:!CHACHA20:!aNULL:!eNULL")
    with socket.create_connection(address, 10) as plain, pytest.raises(ssl.SSLError):
        trust.wrap_socket(plain)
