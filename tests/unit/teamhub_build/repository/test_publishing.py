"""What publishers do, as the real apt sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from support.apt_client import Client
from support.keys import make_key
from support.web import Web, corrupted
from teamhub_build.repository import publishing
from teamhub_build.repository.debs import DebError
from teamhub_build.repository.distribution import IncompleteRepository
from teamhub_build.repository.publishing import Repository, UnfitRepository, UnknownVersion
from teamhub_build.repository.signing import SigningError
from unit.teamhub_build.repository.conftest import Deb

SOURCE = Path(__file__).parents[4] / "src"
#: A publisher as a process, which can be killed.
PUBLISHER = """\
import sys
from pathlib import Path
from teamhub_build.repository import publishing
folder, key, *files = sys.argv[1:]
repository = publishing.Repository(Path(folder), (key,), keep=50)
publishing.publish(repository, [Path(file) for file in files], "stable", print)
"""


def publish(repository: Repository, *files: Path, state: str = "stable") -> None:
    publishing.publish(repository, files, state, lambda _: None)


def start_publisher(repository: Repository, *files: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, repository.folder, repository.keys[0], *files],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


class TestClient:
    """What apt says to the repository."""

    def test_it_reads_it_without_a_warning(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        publish(repository, deb("1.0~deb12"))
        assert client.update() == ""
        assert client.versions() == ["1.0~deb12"]
        assert client.apt("apt-get", "download", "--print-uris", "teamhub").returncode == 0

    def test_each_debian_sees_its_own_packages(
        self, repository: Repository, client: Client, deb: Deb, keys: list[str]
    ) -> None:
        publish(
            repository, deb("1.0~deb12"), deb("1.0~deb13"), deb("2.0", "teamhub-archive-keyring")
        )
        client.use("trixie", keys[:1])
        assert client.update() == ""
        assert client.versions() == ["1.0~deb13"]
        assert client.versions("teamhub-archive-keyring") == ["2.0"]

    def test_a_tampered_index_is_refused(
        self, repository: Repository, client: Client, web: Web, deb: Deb
    ) -> None:
        publish(repository, deb("1.0~deb12"))
        for path in (repository.folder / "dists/bookworm/main").rglob("*/SHA256/*"):
            web.contents[path.name] = corrupted
        assert "mismatch" in client.update().lower()
        assert client.versions() == []

    def test_a_tampered_release_is_refused(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        publish(repository, deb("1.0~deb12"))
        release = repository.folder / "dists/bookworm/InRelease"
        release.write_text(release.read_text().replace("Label: teamhub", "Label: teamhuh"))
        assert client.update() != ""
        assert client.versions() == []

    def test_one_without_a_signature_is_refused(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        publish(repository, deb("1.0~deb12"))
        folder = repository.folder / "dists/bookworm"
        (folder / "InRelease").unlink()
        (folder / "Release.gpg").unlink()
        assert "is not signed" in client.update()

    def test_one_that_nobody_has_signed_for_long_is_refused_until_it_is_signed_anew(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        publish(replace(repository, valid_days=-1), deb("1.0~deb12"))
        assert "expired" in client.update()
        publishing.refresh(repository)
        assert client.update() == ""
        assert client.versions() == ["1.0~deb12"]

    def test_a_key_follows_another_while_both_sign(
        self, repository: Repository, client: Client, deb: Deb, keys: list[str]
    ) -> None:
        publish(replace(repository, keys=tuple(keys)), deb("1.0~deb12"))
        for trusted in (keys[:1], keys[1:], keys):
            client.use("bookworm", trusted)
            assert client.update() == ""
        publish(replace(repository, keys=(keys[1],)), deb("1.1~deb12"))
        assert client.update() == ""
        client.use("bookworm", keys[:1])
        assert client.update() != ""

    def test_what_is_published_in_the_same_second_is_newer_too(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        release = repository.folder / "dists/bookworm/InRelease"
        times = []
        for number in range(3):
            publish(repository, deb(f"1.{number}~deb12"))
            times.append(int(release.stat().st_mtime))
            assert client.update() == ""
            assert client.versions()[0] == f"1.{number}~deb12"
        assert times == sorted(set(times))

    def test_every_file_is_readable_by_a_web_server(self, repository: Repository, deb: Deb) -> None:
        package = deb("1.0~deb12")
        before = os.umask(0o077)
        try:
            publish(repository, package)
        finally:
            os.umask(before)
        for path in (repository.folder, *repository.folder.rglob("[!.]*")):
            assert path.stat().st_mode & 0o044 == 0o044, path


class TestVersions:
    """Which versions are there."""

    def test_the_newest_are_kept(self, repository: Repository, client: Client, deb: Deb) -> None:
        few = replace(repository, keep=2)
        for version in ("1.9", "1.10", "1.11"):
            publish(few, deb(f"{version}~deb12"))
        assert client.update() == ""
        assert client.versions() == ["1.11~deb12", "1.10~deb12"]

    def test_files_that_no_index_names_any_more_go(self, repository: Repository, deb: Deb) -> None:
        for number in range(6):
            publish(replace(repository, keep=1), deb(f"1.{number}~deb12"))
        pool = {path.name for path in (repository.folder / "pool").rglob("*.deb")}
        assert "teamhub_1.5~deb12_amd64.deb" in pool
        assert "teamhub_1.0~deb12_amd64.deb" not in pool

    def test_canary_is_tried_first_and_then_promoted(
        self, repository: Repository, client: Client, deb: Deb, keys: list[str]
    ) -> None:
        publish(repository, deb("1.0~deb12"))
        publish(repository, deb("1.1~deb12"), state="canary")
        assert client.update() == ""
        assert client.versions() == ["1.0~deb12"]
        publishing.promote(repository, "canary", "stable", lambda _: None)
        assert client.update() == ""
        assert client.versions() == ["1.1~deb12", "1.0~deb12"]
        client.use("bookworm-canary", keys[:1])
        assert client.update() == ""
        assert client.versions() == ["1.1~deb12"]

    def test_what_is_promoted_but_older_than_what_is_kept_is_not_said_to_be_there(
        self, repository: Repository, deb: Deb
    ) -> None:
        publish(repository, deb("1.0~deb12"), state="canary")
        publish(repository, deb("1.1~deb12"))
        said: list[str] = []
        publishing.promote(replace(repository, keep=1), "canary", "stable", said.append)
        assert said == []

    def test_a_bad_version_is_withdrawn(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        publish(repository, deb("1.0~deb12"), deb("1.1~deb12"), deb("1.1~deb13"))
        publishing.withdraw(repository, "1.1", None, lambda _: None)
        assert client.update() == ""
        assert client.versions() == ["1.0~deb12"]

    def test_one_older_than_those_that_are_kept_is_refused_by_name(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        few = replace(repository, keep=2)
        publish(few, deb("1.1~deb12"), deb("1.2~deb12"))
        older = deb("1.0~deb12")
        with pytest.raises(DebError, match=r"teamhub 1\.0~deb12 is older than the 2 versions"):
            publish(few, older)
        assert not list((repository.folder / "pool").rglob("*_1.0*"))
        publish(repository, older)
        assert client.update() == ""
        assert client.versions() == ["1.2~deb12", "1.1~deb12", "1.0~deb12"]

    def test_one_that_is_not_there_cannot_be_withdrawn(
        self, repository: Repository, deb: Deb
    ) -> None:
        publish(repository, deb("1.0~deb12"))
        with pytest.raises(UnknownVersion, match=r"7\.0(.|\n)*1\.0~deb12"):
            publishing.withdraw(repository, "7.0", None, lambda _: None)

    def test_another_content_of_the_same_version_is_refused(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        publish(repository, deb("1.0~deb12"))
        with pytest.raises(DebError, match="its version is the same"):
            publish(repository, deb("1.0~deb12", content="other"))
        publish(repository, deb("1.1~deb12"))
        assert client.update() == ""


class TestKeyringPackages:
    """Which distribution has the package that names it."""

    NAME = "teamhub-archive-keyring"

    def test_each_goes_to_the_distribution_that_it_names(
        self, repository: Repository, client: Client, deb: Deb, keys: list[str]
    ) -> None:
        stable, canary = (deb(f"1.0{mark}~deb12", self.NAME) for mark in ("", "+canary"))
        publish(repository, stable, canary, deb("1.0~deb12"), state="canary")
        for distribution, versions in (
            ("bookworm", ["1.0~deb12"]),
            ("bookworm-canary", ["1.0+canary~deb12"]),
        ):
            client.use(distribution, keys[:1])
            assert client.update() == ""
            assert client.versions(self.NAME) == versions

    def test_canarys_is_never_promoted(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        publish(repository, deb("1.1~deb12"), deb("1.0+canary~deb12", self.NAME), state="canary")
        publishing.promote(repository, "canary", "stable", lambda _: None)
        assert client.update() == ""
        assert client.versions() == ["1.1~deb12"]
        assert client.versions(self.NAME) == []

    def test_it_stays_when_a_version_of_teamhub_is_withdrawn(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        publish(repository, deb("1.0~deb12"), deb("1.0~deb12", self.NAME))
        publishing.withdraw(repository, "1.0", None, lambda _: None)
        assert client.update() == ""
        assert client.versions() == []
        assert client.versions(self.NAME) == ["1.0~deb12"]


class TestKeys:
    """Keys that cannot sign: each is named before a package is in the pool."""

    @staticmethod
    def refused(repository: Repository, key: str, package: Path, match: str) -> None:
        with pytest.raises(SigningError, match=match):
            publish(replace(repository, keys=(key,)), package)
        assert not repository.folder.exists()

    def test_an_unknown_one(self, repository: Repository, deb: Deb) -> None:
        self.refused(repository, "0BADC0DE", deb("1.0~deb12"), "no secret key 0BADC0DE")

    def test_a_name_that_several_have(self, repository: Repository, deb: Deb) -> None:
        for _ in range(2):
            make_key("twins")
        self.refused(repository, "twins", deb("1.0~deb12"), "several secret keys twins")

    def test_one_with_a_passphrase_that_nobody_can_be_asked_for(
        self, repository: Repository, deb: Deb
    ) -> None:
        make_key("locked", passphrase="secret")
        # gpg-agent remembers it from the making
        subprocess.run(["gpgconf", "--reload", "gpg-agent"], check=True)
        self.refused(repository, "locked", deb("1.0~deb12"), "cannot sign with locked")

    def test_one_that_has_expired(self, repository: Repository, deb: Deb) -> None:
        make_key("expired", expires="seconds=1")
        time.sleep(2)
        self.refused(repository, "expired", deb("1.0~deb12"), "cannot sign with expired")


class TestFolder:
    """Which folder is taken for a repository of teamhub's."""

    @pytest.mark.parametrize("name", ["pool", "dists"])
    def test_somebody_elses_repository_is_refused_and_left_as_it_is(
        self, repository: Repository, deb: Deb, name: str
    ) -> None:
        theirs = repository.folder / name / "hello_1.0_amd64.deb"
        theirs.parent.mkdir(parents=True)
        theirs.touch()
        with pytest.raises(UnfitRepository, match=f"has a {name} that teamhub did not make"):
            publish(repository, deb("1.0~deb12"))
        assert [path for path in repository.folder.rglob("*") if path.is_file()] == [theirs]

    def test_only_packages_of_teamhub_are_ever_deleted(
        self, repository: Repository, deb: Deb
    ) -> None:
        publish(repository, deb("1.0~deb12"))
        theirs = repository.folder / "pool/main/h/hello_1.0_amd64.deb"
        theirs.parent.mkdir()
        theirs.touch()
        publishing.refresh(repository)
        assert theirs.exists()

    def test_nothing_to_sign_anew_is_an_error(self, repository: Repository) -> None:
        with pytest.raises(UnfitRepository, match="nothing is published"):
            publishing.refresh(repository)

    def test_a_missing_index_is_named(self, repository: Repository, deb: Deb) -> None:
        publish(repository, deb("1.0~deb12"))
        for index in (repository.folder / "dists/bookworm/main").rglob("SHA256/*"):
            index.unlink()
        with pytest.raises(IncompleteRepository, match="InRelease names, is not there"):
            publish(repository, deb("1.1~deb12"))
        assert not list((repository.folder / "pool").rglob("*_1.1*"))


class TestComponent:
    """A repository whose component is not main."""

    def test_servers_find_it_by_its_name(
        self, repository: Repository, client: Client, deb: Deb, keys: list[str]
    ) -> None:
        science = replace(repository, component="science")
        publish(science, deb("1.0~deb12"))
        client.use("bookworm", keys[:1], component="science")
        assert client.update() == ""
        assert client.versions() == ["1.0~deb12"]
        assert "pool/science/t/teamhub/" in client.apt(
            "apt-get", "download", "--print-uris", "teamhub"
        ).stdout  # fmt: skip

    def test_a_second_one_is_refused_before_anything_changes(
        self, repository: Repository, deb: Deb
    ) -> None:
        publish(repository, deb("1.0~deb12"))
        with pytest.raises(UnfitRepository, match="has the component main and not science"):
            publish(replace(repository, component="science"), deb("1.1~deb12"))
        assert not (repository.folder / "pool/science").exists()


class TestAccidents:
    """Clients, publishers and signals at any moment."""

    def test_a_client_that_updates_meanwhile_sees_no_mix(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        packages = [deb(f"1.{number}~deb12") for number in range(8)]
        publish(repository, packages[0])
        ended = threading.Event()
        faults: list[str] = []

        def ask() -> None:
            while not ended.is_set():
                if said := client.update():
                    faults.append(said)

        asking = threading.Thread(target=ask)
        asking.start()
        for package in packages[1:]:
            publish(repository, package)
        ended.set()
        asking.join()
        assert faults == []

    def test_two_publishers_wait_for_each_other(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        packages = [deb(f"1.{number}~deb12") for number in range(4)]
        running = [start_publisher(repository, package) for package in packages]
        assert [process.wait(60) for process in running] == [0, 0, 0, 0]
        assert client.update() == ""
        assert len(client.versions()) == len(packages)

    def test_one_that_is_killed_leaves_a_repository_that_is_whole(
        self, repository: Repository, client: Client, deb: Deb
    ) -> None:
        publish(repository, deb("1.0~deb12"))
        start = time.monotonic()
        assert start_publisher(repository, deb("1.1~deb12")).wait(60) == 0
        whole = time.monotonic() - start
        for number in range(10):
            process = start_publisher(repository, deb(f"2.{number}~deb12"))
            time.sleep(whole * (number + 1) / 11)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert client.update() == ""
            assert client.versions()[-1] == "1.0~deb12"
        publish(replace(repository, keep=50), deb("3.0~deb12"))
        assert client.update() == ""
        assert client.versions()[0] == "3.0~deb12"
        assert not list(repository.folder.rglob(".*.new"))
