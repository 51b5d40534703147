"""Booted servers with the package installed: a fresh one for every module, for every suite.

Several workers share the tests (pytest-xdist), each in a network of its own.  What a module asks of
one server stays with one worker; the first worker that needs a package installs it for all.
"""

from __future__ import annotations

import fcntl
import pickle
import shutil
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import cast

import pytest
from xdist.remote import Producer
from xdist.workermanage import WorkerController

from support import evidence, faults
from support.browser import open_pages
from support.container import BootedServer
from support.dialogue import Words
from support.environment import TeamChannel, Wheels
from support.hub_client import HubClient
from support.installation import (
    PASSWORDS,
    Installation,
    Target,
    boot_installed,
    boot_plain,
    install,
    wait_for_login_page,
)
from support.kept import remove_old
from support.kept_servers import keep_servers
from support.keys import signing_keys
from support.layers import passing_folder
from support.network import Mirror, NameServer, become_private_network
from support.repository import Repository
from support.roots import CACHE
from support.scheduling import ByModuleAndSuite, is_for, long_ones_first, targets
from support.settings import APPLY, RECONFIGURE
from support.tree.kept_layers import kept_installation, with_tree
from support.trials import Trial, Trials, keep, rows, tables
from teamhub_build.suites import SUITES

FIGURES: list[str] = []
TRIALS = Trials()
#: The section of a failed test's report that says what it has left.
EVIDENCE = "evidence"
#: Where a worker keeps the servers that it has installed for all.
INSTALLED = "installed"

LogIn = Callable[[str], HubClient]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--package", action="append", default=[], help="SUITE:PROFILE:DEB")
    parser.addoption(
        "--once-on", choices=SUITES, help="the suite for what is not marked every_suite"
    )
    parser.addoption(
        "--everything", action="store_true", help="what is marked exhaustive, too; on every suite"
    )
    parser.addoption(
        "--soak", type=Path, help="all of the soak alone, kept on this page (tests/run.py soak)"
    )
    parser.addoption(
        "--working-tree",
        action="store_true",
        help="lay the working tree over a server that is kept (tests/run.py dev)",
    )
    parser.addoption(
        "--screenshots", type=Path, help="a folder to put them in; by itself one for each suite"
    )


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        remove_old(evidence.FAILURES.glob("*/"), evidence.KEPT, shutil.rmtree)
    for marker in (
        "profile(name): test the package of this profile",
        "suite(name): test on this suite alone",
        "every_suite: test on every suite in each run, since what is tested depends on it",
        "exhaustive: test only where everything is tested",
        "moments(soak, part): test at so many moments in a soak, and where everything is tested",
        "soak_only: test in a soak alone",
    ):
        config.addinivalue_line("markers", marker)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "target" in metafunc.fixturenames:
        chosen = [
            target
            for target in targets(metafunc.config.getoption("--package"))
            if is_for(target, metafunc.definition, metafunc.config.getoption("--once-on"))
        ]
        metafunc.parametrize("target", chosen, ids=str, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the tests, and take out what is not wanted."""
    long_ones_first(items)
    if not (config.getoption("--everything") or config.getoption("--soak")):
        exhaustive = [item for item in items if item.get_closest_marker("exhaustive")]
        config.hook.pytest_deselected(items=exhaustive)
        items[:] = [item for item in items if item not in exhaustive]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByModuleAndSuite:
    return ByModuleAndSuite(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Have a test that fails leave its servers, their journals, and pictures; count faults."""
    report = yield
    if item.config.getoption("--soak"):
        faults.note(item, report, TRIALS)
    if report.failed:
        folder = evidence.folder_for(item.nodeid)
        left = [f"journals and pictures: {folder}", *keep_servers(item.nodeid)]
        evidence.keep(folder, report.longreprtext, BootedServer.booted, open_pages())
        report.sections.append((EVIDENCE, "\n".join(left)))
    return report


@pytest.fixture(scope="module", autouse=True)
def _only_this_modules_servers() -> Iterator[None]:
    yield
    BootedServer.booted.clear()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Have a worker hand over what it has counted and measured."""
    handed_over = getattr(session.config, "workeroutput", {})
    handed_over["figures"] = FIGURES
    handed_over["trials"] = [asdict(trial) for trial in TRIALS.made]


def pytest_testnodedown(node: WorkerController) -> None:
    """Take what a worker hands over; one that crashed has none."""
    handed_over = getattr(node, "workeroutput", {})
    FIGURES.extend(handed_over.get("figures", []))
    TRIALS.made.extend(Trial(**trial) for trial in handed_over.get("trials", []))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the installed servers, when no worker has one booted any more."""
    folder = config.getoption("basetemp")
    if folder and not hasattr(config, "workerinput"):
        # pytest numbers what it makes, and names the newest in a link next to it.
        for installed in Path(folder).glob(f"*/{INSTALLED}[0-9]*"):
            shutil.rmtree(installed)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    failed = [*terminalreporter.getreports("failed"), *terminalreporter.getreports("error")]
    left = [text for report in failed for name, text in report.sections if name == EVIDENCE]
    if left:
        terminalreporter.section(EVIDENCE)
        # tests of one module have the same server
        terminalreporter.line("\n".join(dict.fromkeys("\n".join(left).splitlines())))
    terminalreporter.section("figures")
    for figure in FIGURES:
        terminalreporter.line(figure)
    if TRIALS.made:
        counted = rows(TRIALS.made)
        terminalreporter.line(tables(counted))
        if page := config.getoption("--soak"):
            keep(page, counted)


@pytest.fixture(scope="session")
def figure() -> Callable[[str], None]:
    """Takes a measurement, which is printed at the end: machines differ, so none is a test."""
    return FIGURES.append


@pytest.fixture(scope="session")
def trials() -> Trials:
    """Counts what is done to servers again and again, for the table that is printed at the end."""
    return TRIALS


@pytest.fixture(scope="session", autouse=True)
def _network(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> None:
    hosts = [target.host for target in targets(pytestconfig.getoption("--package"))]
    become_private_network(hosts, tmp_path_factory.mktemp("network") / "hosts")


@pytest.fixture(scope="session")
def mirror(_network: None) -> Iterator[Mirror]:
    served = Mirror(CACHE / "mirror")
    yield served
    served.close()


@pytest.fixture(scope="session")
def names(_network: None) -> NameServer:
    return NameServer()


@pytest.fixture(scope="session")
def installed(
    target: Target,
    mirror: Mirror,  # noqa: ARG001 - has to serve
    names: NameServer,
    tmp_path_factory: pytest.TempPathFactory,
    figure: Callable[[str], None],
    pytestconfig: pytest.Config,
) -> Installation:
    if pytestconfig.getoption("--working-tree"):
        return with_tree(kept_installation(target, names), Path.cwd())
    shared = tmp_path_factory.getbasetemp().parent
    done = shared / f"{target}.pickle"
    with (shared / f"{target}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            made = install(target, tmp_path_factory.mktemp(INSTALLED) / str(target), names)
            done.write_bytes(pickle.dumps(made))
            figure(f"{target}: apt-get install {made.seconds_apt:.1f} s, "
                   f"to the first login page {made.seconds_login_page:.1f} s")  # fmt: skip
    return cast("Installation", pickle.loads(done.read_bytes()))  # noqa: S301 - written above


@pytest.fixture(scope="session")
def packages(pytestconfig: pytest.Config) -> dict[str, Path]:
    """The package under test for each suite that is tested."""
    chosen = [
        target
        for target in targets(pytestconfig.getoption("--package"))
        if target.profile == "scientific"
    ]
    return {target.suite: target.package for target in chosen}


@pytest.fixture(scope="module")
def english() -> Words:
    """The words of the dialogue in English, as this checkout has them."""
    return Words(Path("debian/teamhub.templates").read_text("utf-8").replace("\n_", "\n"))


@pytest.fixture(scope="module")
def work(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where this module's servers have their layers, gone afterwards."""
    with passing_folder(tmp_path_factory.mktemp(f"work-{target}")) as folder:
        yield folder


@pytest.fixture(scope="module")
def plain(
    target: Target,
    mirror: Mirror,  # noqa: ARG001 - has to serve
    work: Path,
) -> Iterator[BootedServer]:
    """A booted Debian server, for this module, that has never seen teamhub."""
    with boot_plain(target, work / "plain") as server:
        yield server


@pytest.fixture(scope="module")
def server(installed: Installation, work: Path) -> Iterator[BootedServer]:
    """The installed server, booted for this module and serving its login page."""
    with boot_installed(installed, work / "server") as booted:
        yield booted


@pytest.fixture(scope="module")
def channel(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamChannel]:
    """A channel of the team's own, with the Python package `lazy`."""
    made = TeamChannel(tmp_path_factory.mktemp(f"channel-{target}") / "channel", target.suite)
    made.add_python("lazy")
    yield made
    made.close()


@pytest.fixture(scope="module")
def repository(
    _network: None,
    target: Target,  # noqa: ARG001 - another one for each suite
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Repository]:
    """The team's own apt repository, empty, signed by a key made for it."""
    with signing_keys(["the team"]) as keys:
        made = Repository(tmp_path_factory.mktemp("repository"), keys)
        yield made
        made.close()


@pytest.fixture(scope="module")
def wheels(server: BootedServer) -> Wheels:
    """What the server's pip finds."""
    return Wheels(server)


@pytest.fixture(scope="module")
def client(server: BootedServer, installed: Installation) -> LogIn:
    """Makes a client that is not signed in yet."""
    return lambda user: HubClient(server.host.url, installed.ca, user)


@pytest.fixture(scope="module")
def sign_in(client: LogIn) -> LogIn:
    """Makes a client of somebody who has signed in."""

    def signed_in(user: str) -> HubClient:
        person = client(user)
        answer = person.log_in(PASSWORDS[user])
        assert answer.status_code == 302, answer.text
        return person

    return signed_in


@pytest.fixture(scope="module")
def zoe(sign_in: LogIn, figure: Callable[[str], None], target: Target) -> Iterator[HubClient]:
    """Zoe, signed in, with her server running."""
    person = sign_in("zoe")
    figure(f"{target}: spawn to ready {person.spawn():.1f} s")
    yield person
    person.stop()


@pytest.fixture
def serves_afterwards(server: BootedServer, installed: Installation) -> Iterator[None]:
    """The server serves its login page after the test, and the old certificate verifies it."""
    yield
    wait_for_login_page(server, installed.ca)


@pytest.fixture(params=[APPLY, RECONFIGURE], ids=["apply", "dpkg-reconfigure"])
def take_up(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Each way in which changed settings come into force."""
    command: tuple[str, ...] = request.param
    return command
