"""The current environment is what the package and the team ask for, or what it was before."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.conda_channel import Channel
from support.killing import DIES_AT_STEP
from support.web import Web
from teamhub.environment import apply
from teamhub.environment.by_hand.carry_over import ChangedByHand
from teamhub.environment.checks import BrokenGeneration, Program
from teamhub.environment.conda.channels import NoSuchPackage
from teamhub.environment.conda.packages import CorruptPackage
from teamhub.environment.store import generations, history
from teamhub.environment.store.state import NoSuchGeneration, NothingBefore
from teamhub.environment.team.edit import with_packages
from unit.teamhub.environment.conftest import Server


def test_an_installation_gives_what_the_package_ships(server: Server) -> None:
    assert server.version("library") == "2.0"
    assert server.version("jupyterhub", "hub") == "6.1.1"
    assert [entry.reason for entry in history.read(server.layout.history)] == ["install"]


def test_what_the_team_asks_for_is_added_to_it(server: Server, other: Channel) -> None:
    before = server.current
    server.ask("extra", channels=[other.url])
    server.apply()
    assert server.version("extra") == "1.0"
    assert server.version("library") == "2.0"
    assert server.version("extra", "hub") is None
    assert not (before / "user/share/extra").exists()


def test_packages_that_stay_the_same_are_shared(server: Server, other: Channel) -> None:
    before = server.current
    server.ask("extra", channels=[other.url])
    server.apply()
    for file in ("user/share/library/version", "hub/share/jupyterhub/version"):
        assert (before / file).samefile(server.current / file)


def test_a_second_apply_has_nothing_to_do(server: Server, other: Channel) -> None:
    server.ask("extra", channels=[other.url])
    made = server.apply()
    assert server.apply() == made
    assert server.said[-1] == "nothing to do: generation 2 has what was asked for"
    assert len(history.read(server.layout.history)) == 2


def test_nothing_to_do_is_found_without_asking_the_channels(server: Server, web: Web) -> None:
    server.ask("extra", channels=[web.url])
    server.apply()
    web.close()
    server.apply()
    assert server.said[-1].startswith("nothing to do")


def test_jupyterhub_stays_at_the_hubs_own_version(server: Server, other: Channel) -> None:
    server.ask("jupyterhub >=7", channels=[other.url])
    with pytest.raises(NoSuchPackage, match="jupyterhub"):
        server.apply()
    assert server.version("jupyterhub") == "6.1.1"


def test_the_teams_packages_move_only_when_that_is_asked_for(
    server: Server, other: Channel
) -> None:
    server.ask("extra", channels=[other.url])
    server.apply()
    other.add("extra", "2.0")
    other.add("more")
    server.ask("extra", "more", channels=[other.url])
    server.apply()
    assert (server.version("extra"), server.version("more")) == ("1.0", "1.0")
    server.apply(update=True)
    assert server.version("extra") == "2.0"


def test_rolling_back_and_applying_again_go_back_and_forth(server: Server, other: Channel) -> None:
    server.ask("extra", channels=[other.url])
    forward = server.apply()
    server.roll_back()
    assert server.version("extra") is None
    assert server.apply() == forward
    reasons = [entry.reason for entry in history.read(server.layout.history)]
    assert reasons == ["install", "apply", "rollback", "apply"]


def test_there_is_nothing_before_the_first_generation(server: Server) -> None:
    with pytest.raises(NothingBefore):
        server.roll_back()


def test_an_unknown_generation_is_refused_with_those_that_are_there(server: Server) -> None:
    with pytest.raises(NoSuchGeneration, match="no generation 7"):
        server.roll_back("7")


def test_a_reconfiguration_leaves_a_rollback_alone(server: Server, other: Channel) -> None:
    server.ask("extra", channels=[other.url])
    server.apply()
    server.roll_back("1")
    server.configure()
    assert server.number == 1


def test_an_upgrade_has_the_new_packages_and_the_teams_also_after_a_rollback(
    server: Server, embedded: Channel, other: Channel
) -> None:
    server.ask("extra", channels=[other.url])
    server.apply()
    server.roll_back("1")
    embedded.add("library", "3.0")
    server.ship()
    server.configure()
    assert (server.version("library"), server.version("extra")) == ("3.0", "1.0")
    assert history.read(server.layout.history)[-1].reason == "upgrade"


def test_an_upgrade_needs_no_channel_that_has_gone(
    server: Server, embedded: Channel, web: Web
) -> None:
    server.ask("extra", channels=[web.url])
    server.apply()
    web.close()
    embedded.add("library", "3.0")
    server.ship()
    server.configure()
    assert (server.version("library"), server.version("extra")) == ("3.0", "1.0")


@pytest.mark.parametrize("spec", ["absent", "library >=9", "extra >>1"])
def test_what_cannot_be_had_is_named_and_nothing_changes(
    server: Server, other: Channel, spec: str
) -> None:
    before = server.current
    server.ask(spec, channels=[other.url])
    with pytest.raises(NoSuchPackage, match=spec.split()[-1].strip(">=")):
        server.apply()
    assert server.current == before
    assert server.generations() == [before.name]


def test_environment_yml_is_put_back_where_an_addition_fails(server: Server) -> None:
    text = "# ours\ndependencies: []\n"
    server.layout.team_file.write_text(text)
    path = server.layout.team_file
    with pytest.raises(NoSuchPackage):
        server.add(lambda before: with_packages(before, path, "dependencies", ["absent"]))
    assert path.read_text() == text


def test_an_addition_is_written_and_applied(server: Server, other: Channel) -> None:
    server.ask(channels=[other.url])
    path = server.layout.team_file
    server.add(lambda before: with_packages(before, path, "dependencies", ["extra"]))
    assert "- extra" in path.read_text()
    assert server.version("extra") == "1.0"


def test_a_tampered_package_of_a_folder_is_refused_by_name(server: Server, other: Channel) -> None:
    file = other.add("tampered")
    file.write_bytes(file.read_bytes() + b"x")
    server.ask("tampered", channels=[other.url])
    with pytest.raises(CorruptPackage, match=str(file)):
        server.apply()
    assert server.number == 1


def test_a_generation_that_fails_its_check_is_removed(server: Server, other: Channel) -> None:
    server.ask("extra", channels=[other.url])
    with pytest.raises(BrokenGeneration, match="user/bin/absent"):
        apply.apply(
            apply.Request(),
            server.said.append,
            server.layout,
            checks=[Program("user/bin/absent", ())],
        )
    assert server.number == 1
    assert server.generations() == [server.current.name]


class Found:
    """A check of an environment that notes whether a package of it was there."""

    of_packages_alone = False

    def __init__(self, environment: str, package: str) -> None:
        self.environment = environment
        self.file = f"{environment}/share/{package}/version"
        self.found: list[bool] = []

    def run(self, generation: Path) -> None:
        self.found.append((generation / self.file).exists())


def test_each_check_finds_its_environment_there(server: Server, other: Channel) -> None:
    server.ask("extra", channels=[other.url])
    checks = [Found("user", "extra"), Found("hub", "jupyterhub")]
    apply.apply(apply.Request(), server.said.append, server.layout, checks=checks)
    assert [check.found for check in checks] == [[True], [True]]


def test_the_hub_is_checked_again_only_where_it_has_changed(server: Server, other: Channel) -> None:
    server.ask("extra", channels=[other.url])
    hub_only = [Program("hub/bin/absent", ())]
    apply.apply(apply.Request(), server.said.append, server.layout, checks=hub_only)
    assert server.version("extra") == "1.0"


def test_what_a_killed_build_left_is_removed(server: Server) -> None:
    torn = server.layout.generations / "torn"
    (torn / "user").mkdir(parents=True)
    server.apply()
    assert not torn.exists()


def test_a_move_without_a_record_is_recorded_by_the_next_command(server: Server) -> None:
    server.layout.history.unlink()
    server.configure()
    assert [entry.number for entry in history.read(server.layout.history)] == [1]


#: Changes the environment of a Layout, whose paths are the last arguments.
KILLED = (
    DIES_AT_STEP
    + """\
from pathlib import Path
from teamhub.environment import apply
from teamhub.environment.store.layout import Layout

apply.apply(apply.Request(), print, Layout(*map(Path, arguments)), checks=())
"""
)
#: The steps of a change, in their order, by the functions that they begin with.
BEFORE_THE_MOVE = (
    "store.generations.remove_unfinished",
    "plan.make",
    "conda.solver.write_lock",
    "building.build",
    "conda.cache.damaged_files",
    "conda.prefix.install",
    "conda.prefix.finish",
    "conda.prefix.write_bytecode",
    "pip_packages.install",
    "store.manifest.write",
    "building.sync",
    "store.generations.switch",
)
AFTER_THE_MOVE = ("store.history.write", "store.prune.prune")


def kill_at(step: str, server: Server, tmp: Path) -> int:
    """Change the environment up to a step, with a folder for temporary files; the exit status."""
    module, _, function = step.rpartition(".")
    layout = server.layout
    paths = map(str, [layout.root, layout.channel, layout.team_file])
    return subprocess.run(
        [sys.executable, "-c", KILLED, f"teamhub.environment.{module}", function, "1", *paths],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp)},
        check=False,
    ).returncode


@pytest.mark.parametrize("step", [*BEFORE_THE_MOVE, *AFTER_THE_MOVE])
def test_killed_at_any_step_the_environment_is_whole_and_the_next_run_finishes(
    server: Server, other: Channel, tmp_path: Path, step: str
) -> None:
    before = server.current
    server.ask("extra", channels=[other.url])
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    assert kill_at(step, server, tmp) == -signal.SIGKILL
    if step in BEFORE_THE_MOVE:
        assert server.current == before
    else:
        assert server.version("extra") == "1.0"
    assert not server.changed_by_hand(before)
    server.apply()
    assert server.version("extra") == "1.0"
    assert not server.changed_by_hand()
    assert all(generations.is_complete(path) for path in server.layout.generations.iterdir())
    assert list(tmp.iterdir()) == []


class TestChangesByHand:
    """What somebody did in the prefix itself."""

    def test_conda_packages_are_carried_over(self, server: Server, other: Channel) -> None:
        server.install_with_conda(other, "extra")
        server.apply()
        assert server.number == 2
        assert server.version("extra") == "1.0"
        written = server.layout.team_file.read_text()
        assert "extra ==1.0" in written
        assert other.url in written

    def test_an_upgrade_keeps_conda_packages_and_leaves_the_conffile_alone(
        self, server: Server, embedded: Channel, other: Channel
    ) -> None:
        server.install_with_conda(other, "extra")
        for version in ("3.0", "4.0"):
            embedded.add("library", version)
            server.ship()
            server.configure()
            assert (server.version("library"), server.version("extra")) == (version, "1.0")
            assert not server.layout.team_file.exists()
        server.apply()
        assert server.version("extra") == "1.0"
        assert "extra ==1.0" in server.layout.team_file.read_text()

    def test_an_edited_file_is_named_before_anything_changes(
        self, server: Server, other: Channel
    ) -> None:
        file = server.current / "user/share/library/version"
        file.unlink()
        file.write_text("by hand")
        server.ask("extra", channels=[other.url])
        with pytest.raises(ChangedByHand, match="library: changed: share/library/version"):
            server.apply()
        assert server.number == 1
        server.apply(discard=True)
        assert (server.version("library"), server.version("extra")) == ("2.0", "1.0")

    def test_a_file_of_no_package_is_named(self, server: Server, other: Channel) -> None:
        (server.current / "user/share/notes").write_text("by hand")
        server.ask("extra", channels=[other.url])
        with pytest.raises(ChangedByHand, match="not of any package: share/notes"):
            server.apply()

    def test_they_are_taken_back_where_nothing_else_is_to_do(self, server: Server) -> None:
        (server.current / "user/share/library/version").unlink()
        server.apply(discard=True)
        assert server.version("library") == "2.0"
        assert server.number == 2

    def test_an_upgrade_names_them_and_goes_on(self, server: Server, embedded: Channel) -> None:
        first = server.current
        (first / "user/share/notes").write_text("by hand")
        embedded.add("library", "3.0")
        server.ship()
        server.configure()
        assert server.version("library") == "3.0"
        assert any("share/notes" in line for line in server.said)
        assert (first / "user/share/notes").exists()

    def test_a_fresh_environment_has_none(self, server: Server) -> None:
        assert not server.changed_by_hand()
