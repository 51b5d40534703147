"""One order at an authority: what uacme is asked to do, what is left for root, why it failed."""

from __future__ import annotations

import socket
import stat
import threading
from pathlib import Path

import pytest

from teamhub.settings import conf
from teamhub.tls import acme_order
from teamhub.tls.acme_order import OrderFailed
from teamhub_shared.settings import SETTINGS

DIRECTORY = "https://ca.example.org:9000/acme/directory"
VALUES = {setting.key: setting.default for setting in SETTINGS} | {
    "CERTIFICATE": "acme",
    "ACME_DIRECTORY": DIRECTORY,
    "SERVER_NAMES": "Hub.example.org 10.0.0.5 hub www.example.org",
}

#: Keeps accounts and certificates where uacme does, and a list of what it was asked to do.  A file
#: `forgotten` is there while the authority knows no account; `refused` has what the authority says.
UACME = """#!/bin/sh
here=$(dirname "$0")
folder=$2
shift 8
echo "$@" >>"$here/asked"
for argument; do
	case $argument in new | update | issue) action=$argument ;; esac
done
if [ $action = new ]; then
	mkdir -p "$folder/private"
	echo account >"$folder/private/key.pem"
	rm -f "$here/forgotten"
elif [ -e "$here/forgotten" ]; then
	echo "uacme: no account associated with x/key.pem found at y. Consider trying 'new'" >&2
	exit 2
fi
if [ $action = issue ] && [ -e "$here/refused" ]; then
	cat "$here/refused" >&2
	exit 2
fi
if [ $action = issue ]; then
	mkdir -p "$folder/$2" "$folder/private/$2"
	[ -e "$folder/private/$2/key.pem" ] || date +%N >"$folder/private/$2/key.pem"
	echo chain >"$folder/$2/cert.pem"
fi
"""


class Authority:
    """Stands in for uacme and what it speaks to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "uacme"
        self.program.write_text(UACME)
        self.program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        """What uacme was asked to do, without what is the same each time."""
        return (self.folder / "asked").read_text().splitlines()

    def forget(self) -> None:
        (self.folder / "forgotten").touch()

    def refuse(self, printed: str) -> None:
        (self.folder / "refused").write_text(printed)


@pytest.fixture(autouse=True)
def proxy(monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """Listens where the authority looks."""
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setitem(VALUES, "HTTP_PORT", str(listener.getsockname()[1]))
    return listener


@pytest.fixture
def authority(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Authority:
    made = Authority(tmp_path_factory.mktemp("authority"))
    monkeypatch.setattr(acme_order, "UACME", str(made.program))
    return made


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """Where root looks for what the authority has given."""
    return tmp_path / acme_order.file_name(DIRECTORY)


ISSUE = "issue hub.example.org www.example.org"


def test_the_first_order_makes_an_account_and_names_the_full_names(
    authority: Authority, tmp_path: Path
) -> None:
    acme_order.order(VALUES, tmp_path)
    assert authority.asked == ["--yes new", ISSUE]


def test_the_next_one_has_the_same_account_and_another_key(
    authority: Authority, tmp_path: Path, given: Path
) -> None:
    acme_order.order(VALUES, tmp_path)
    first = given.read_text()
    acme_order.order(VALUES, tmp_path)
    assert authority.asked[2:] == [ISSUE]
    assert given.read_text() != first


def test_key_and_chain_are_left_in_one_file_that_nobody_else_reads(
    authority: Authority, tmp_path: Path, given: Path
) -> None:
    acme_order.order(VALUES, tmp_path)
    key, chain = given.read_text().splitlines()
    assert authority.asked
    assert key.isdigit()
    assert chain == "chain"
    assert stat.S_IMODE(given.stat().st_mode) == 0o600


def test_an_account_that_the_authority_has_forgotten_is_made_again(
    authority: Authority, tmp_path: Path, given: Path
) -> None:
    acme_order.order(VALUES, tmp_path)
    given.unlink()
    authority.forget()
    acme_order.order(VALUES, tmp_path)
    assert authority.asked[2:] == [ISSUE, "--yes new", ISSUE]
    assert given.exists()


def test_another_authority_has_an_account_of_its_own(authority: Authority, tmp_path: Path) -> None:
    acme_order.order(VALUES, tmp_path)
    acme_order.order({**VALUES, "ACME_DIRECTORY": f"{DIRECTORY}2"}, tmp_path)
    assert authority.asked[2:] == ["--yes new", ISSUE]


def test_the_authority_is_told_an_address_once_and_what_it_is_changed_to(
    authority: Authority, tmp_path: Path
) -> None:
    for email in ("a@example.org", "a@example.org", "b@example.org", ""):
        acme_order.order({**VALUES, "ACME_EMAIL": email}, tmp_path)
    assert [asked for asked in authority.asked if asked != ISSUE] == [
        *("--yes new a@example.org", "update b@example.org", "update")
    ]


#: As uacme 1.7 prints it.
REFUSED = """\
uacme: challenge https://ca/chal/1 failed with status invalid
uacme: the server reported the following error:
{
    "type": "urn:ietf:params:acme:error:dns",
    "detail": "DNS problem: NXDOMAIN looking up A for
        hub.example.org",
    "status": 400
}
uacme: failed to authorize order at https://ca/order/1
"""
AWAY = """\
uacme: curl_get: GET https://ca.example.org/dir failed: Couldn't resolve host name
uacme: curl_get: waiting 5 seconds before retrying
uacme: curl_get: GET https://ca.example.org/dir failed: Couldn't connect to server
uacme: acme_get: curl_get failed
uacme: failed to fetch directory at https://ca.example.org/dir
"""
AWAY_FOR_A_MOMENT = AWAY.replace("uacme: acme_get: curl_get failed\n", "").replace(
    "failed to fetch directory at", "no challenge completed\nuacme: failed to authorize order at"
)


@pytest.mark.parametrize(
    ("printed", "problem", "remedy"),
    [
        (REFUSED, "DNS problem: NXDOMAIN looking up A for hub.example.org (dns)", "port 80"),
        (AWAY, "https://ca.example.org/dir: Couldn't connect to server", "ca-certificates"),
        (AWAY_FOR_A_MOMENT, "no challenge completed; failed to authorize order at", "reaches"),
        (f"{acme_order.SAID}{{no JSON\n}}\n", "{no JSON }", "port 80"),
        (f'{acme_order.SAID}{{"type": "urn:x:serverInternal"}}', "serverInternal", "port 80"),
        ("", "uacme says nothing", "reaches"),
    ],
)
def test_a_failure_has_the_authoritys_reason_and_what_to_do(
    printed: str, problem: str, remedy: str
) -> None:
    failure = acme_order.failure(printed)
    assert failure.problem.startswith(problem)
    assert remedy in failure.remedy
    assert failure.remedy.endswith("then: teamhub tls renew")


def test_an_order_that_failed_names_its_names_and_leaves_the_last_one(
    authority: Authority, tmp_path: Path, given: Path
) -> None:
    acme_order.order(VALUES, tmp_path)
    before = given.read_text()
    authority.refuse(REFUSED)
    with pytest.raises(OrderFailed, match=r"no certificate for hub\.\S+ www"):
        acme_order.order(VALUES, tmp_path)
    assert given.read_text() == before


def test_a_proxy_that_is_still_starting_is_waited_for(
    authority: Authority, proxy: socket.socket, tmp_path: Path
) -> None:
    place = proxy.getsockname()
    proxy.close()
    ordering = threading.Thread(target=acme_order.order, args=(VALUES, tmp_path))
    ordering.start()
    ordering.join(0.3)
    assert ordering.is_alive()
    assert not (authority.folder / "asked").exists()
    with socket.create_server(place):
        ordering.join(20)
    assert authority.asked == ["--yes new", ISSUE]


def test_nobody_is_asked_without_a_proxy(
    authority: Authority,
    proxy: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    proxy.close()
    monkeypatch.setattr(acme_order, "PROXY_SECONDS", 0.2)
    with pytest.raises(OrderFailed, match=r"does not listen on port \d+: Connection refused"):
        acme_order.order(VALUES, tmp_path)
    assert not (authority.folder / "asked").exists()


def test_a_program_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(acme_order, "UACME", "/no/uacme")
    with pytest.raises(OrderFailed, match="cannot run /no/uacme: No such file") as caught:
        acme_order.order(VALUES, tmp_path)
    assert caught.value.remedy.startswith("apt install uacme")


def test_an_authority_that_does_not_decide_is_not_waited_for(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.program.write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(acme_order, "SECONDS", 0.2)
    with pytest.raises(OrderFailed, match="nothing decided"):
        acme_order.order(VALUES, tmp_path)


class TestUnit:
    """What teamhub-acme.service starts."""

    @pytest.fixture(autouse=True)
    def state(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
        monkeypatch.setattr(conf, "read", lambda: VALUES)

    def test_a_failure_is_left_for_root_in_two_lines(
        self, authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        authority.refuse(REFUSED)
        assert acme_order.main() == 1
        problem, remedy = (tmp_path / acme_order.FAILURE).read_text().splitlines()
        assert problem.endswith(f"from {DIRECTORY}: DNS problem: NXDOMAIN looking up A for "
                                "hub.example.org (dns)")  # fmt: skip
        assert remedy == acme_order.REACH_SERVER
        # the journal has all of it
        assert REFUSED in capsys.readouterr().err

    def test_it_is_gone_after_a_success(self, authority: Authority, tmp_path: Path) -> None:
        (tmp_path / acme_order.FAILURE).write_text("a\nb\n")
        assert acme_order.main() == 0
        assert authority.asked
        assert not (tmp_path / acme_order.FAILURE).exists()


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        ("https://acme.example.org/directory", "acme.example.org-"),
        ("https://10.78.0.1:14000/dir", "10.78.0.1-"),
        ("https://[fd00::5]/dir", "fd00--5-"),
    ],
)
def test_the_folder_of_an_authority_shows_its_host(directory: str, name: str) -> None:
    assert acme_order.folder_name(directory).startswith(name)
    assert acme_order.folder_name(f"{directory}/") != acme_order.folder_name(directory)
