"""What systemd is asked to watch for a certificate of the admin's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from teamhub.system import units
from teamhub.system.run import CommandFailed
from teamhub.tls import watch


def settings(certificate: Path, key: Path, *, source: str = "files") -> dict[str, str]:
    return {"CERTIFICATE": source, "CERTIFICATE_FILE": str(certificate), "KEY_FILE": str(key)}


def make(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


class Systemd:
    """Stands in for systemctl and systemd-run: it remembers what is watched."""

    def __init__(self) -> None:
        self.watched: list[str] = []
        self.asked: list[str] = []
        self.fails = False

    def run(self, command: Sequence[str], *, remedy: str) -> str:
        if self.fails:
            raise CommandFailed("systemd is away", remedy)
        program, *arguments = command
        self.asked.append(f"{program} {arguments[0]}")
        if arguments[0] == "show":
            state = "active" if self.watched else "inactive"
            lines = [f"Paths={path} (PathChanged)" for path in self.watched]
            return "\n".join([*lines, f"ActiveState={state}", ""])
        option = "--path-property=PathChanged="
        self.watched = [a.removeprefix(option) for a in arguments if a.startswith(option)]
        return ""


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Systemd:
    stand_in = Systemd()
    monkeypatch.setattr(watch, "run", stand_in.run)
    monkeypatch.setattr(units, "systemd_runs", lambda: True)
    return stand_in


class TestPaths:
    """The files, and every folder in which a link leads to one."""

    @pytest.mark.parametrize("source", ["own", "none"])
    def test_without_files_there_is_nothing(self, tmp_path: Path, source: str) -> None:
        pair = (make(tmp_path / "crt"), make(tmp_path / "key"))
        assert watch.paths(settings(*pair, source=source)) == set()

    def test_plain_files_are_enough(self, tmp_path: Path) -> None:
        pair = (make(tmp_path / "crt"), make(tmp_path / "key"))
        assert watch.paths(settings(*pair)) == set(map(str, pair))

    def test_certbot_puts_one_link_in_place_of_another(self, tmp_path: Path) -> None:
        live = tmp_path / "live/hub"
        live.mkdir(parents=True)
        for name in ("fullchain", "privkey"):
            make(tmp_path / f"archive/hub/{name}1.pem")
            (live / f"{name}.pem").symlink_to(f"../../archive/hub/{name}1.pem")
        pair = (live / "fullchain.pem", live / "privkey.pem")
        assert watch.paths(settings(*pair)) == {*map(str, pair), str(live)}

    def test_so_may_others_with_a_folder(self, tmp_path: Path) -> None:
        make(tmp_path / "versions/1/crt")
        make(tmp_path / "versions/1/key")
        (tmp_path / "now").symlink_to("versions/1")
        (tmp_path / "tls").symlink_to(tmp_path / "now")
        pair = (tmp_path / "tls/crt", tmp_path / "tls/key")
        assert watch.paths(settings(*pair)) == {*map(str, pair), str(tmp_path)}

    def test_a_link_behind_a_link_to_a_folder_is_found_where_it_is(self, tmp_path: Path) -> None:
        make(tmp_path / "store/a/crt")
        (tmp_path / "elsewhere/deep").mkdir(parents=True)
        (tmp_path / "elsewhere/deep/crt").symlink_to("../../store/a/crt")
        (tmp_path / "tls").symlink_to("elsewhere/deep")
        found = list(watch.folders_of_links(tmp_path / "tls/crt"))
        assert found == [tmp_path, tmp_path / "elsewhere/deep"]

    def test_links_in_a_circle_come_to_an_end(self, tmp_path: Path) -> None:
        (tmp_path / "crt").symlink_to("crt")
        assert set(watch.folders_of_links(tmp_path / "crt")) == {tmp_path}

    def test_a_file_that_is_missing_is_watched_too(self, tmp_path: Path) -> None:
        pair = (tmp_path / "no/crt", tmp_path / "no/key")
        assert watch.paths(settings(*pair)) == set(map(str, pair))


class TestApply:
    """systemd watches what the settings name, and is asked no more than it takes."""

    def test_what_is_watched_already_is_left_alone(self, tmp_path: Path, systemd: Systemd) -> None:
        values = settings(make(tmp_path / "a crt 100%"), make(tmp_path / "key"))
        watch.apply(values, print)
        assert set(systemd.watched) == watch.paths(values)
        systemd.asked.clear()
        watch.apply(values, print)
        assert systemd.asked == ["systemctl show"]

    def test_other_files_take_the_place_of_those(self, tmp_path: Path, systemd: Systemd) -> None:
        watch.apply(settings(make(tmp_path / "crt"), make(tmp_path / "key")), print)
        systemd.asked.clear()
        other = settings(make(tmp_path / "new crt"), make(tmp_path / "key"))
        watch.apply(other, print)
        assert set(systemd.watched) == watch.paths(other)
        assert systemd.asked == ["systemctl show", "systemctl stop", "systemd-run --quiet"]

    def test_with_a_certificate_of_its_own_nothing_is(
        self, tmp_path: Path, systemd: Systemd
    ) -> None:
        pair = (make(tmp_path / "crt"), make(tmp_path / "key"))
        watch.apply(settings(*pair), print)
        systemd.asked.clear()
        watch.apply(settings(*pair, source="own"), print)
        assert systemd.watched == []
        assert systemd.asked == ["systemctl show", "systemctl stop"]

    def test_a_watch_that_cannot_be_had_is_a_warning(
        self, tmp_path: Path, systemd: Systemd
    ) -> None:
        systemd.fails = True
        said: list[str] = []
        watch.apply(settings(make(tmp_path / "crt"), make(tmp_path / "key")), said.append)
        assert len(said) == 1
        assert said[0].startswith("warning: a renewed certificate is taken up within a day")
        assert said[0].endswith("systemd is away")

    def test_while_an_image_is_built_nobody_is_asked(
        self, tmp_path: Path, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(units, "systemd_runs", lambda: False)
        watch.apply(settings(make(tmp_path / "crt"), make(tmp_path / "key")), print)
        assert systemd.asked == []
