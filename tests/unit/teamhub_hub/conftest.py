"""The hub's configuration, and a hub in the test's own process that asks no PAM and no root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pamela
import pytest

from support.hub_app import HubApp, running_hub
from support.hub_client import HubClient
from support.hub_config import HubConfig, write_config
from support.hub_surroundings import GROUP, PASSWORD, PERSON, Groups, Pam, Sudo
from teamhub_hub import attempts, privileged


@pytest.fixture(autouse=True)
def refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test has to wait as long as a person."""
    monkeypatch.setattr(attempts, "REFUSAL_SECONDS", 0.0)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubConfig:
    """The configuration as it ships, which this process can load."""
    written = write_config(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(written.credentials))
    return written


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubApp]:
    """A hub with the configuration that ships."""
    written = write_config(tmp_path_factory.mktemp("hub"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CREDENTIALS_DIRECTORY", str(written.credentials))
        with running_hub(written, GROUP) as running:
            yield running


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> Groups:
    """The groups as they are at first: PERSON is on the list, and no admin."""
    chosen = Groups(monkeypatch)
    chosen.are()
    return chosen


@pytest.fixture
def pam(monkeypatch: pytest.MonkeyPatch) -> Pam:
    """PAM, to which PASSWORD is right for PERSON."""
    stand_in = Pam({(PERSON, PASSWORD): 0})
    monkeypatch.setattr(pamela, "authenticate", stand_in.authenticate)
    monkeypatch.setattr(pamela, "check_account", stand_in.check_account)
    return stand_in


@pytest.fixture
def sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sudo:
    """Sudo, which does all that it is asked to."""
    program = Sudo(tmp_path)
    program.ends(0)
    monkeypatch.setitem(privileged.ENVIRONMENT, "PATH", f"{tmp_path}:{os.defpath}")
    return program


@pytest.fixture
def person(hub: HubApp, groups: Groups, pam: Pam) -> HubClient:
    """PERSON, logged in."""
    assert groups
    assert pam
    client = hub.client(PERSON)
    assert client.log_in(PASSWORD).status_code == 302
    return client


@pytest.fixture
def admin(person: HubClient, groups: Groups) -> HubClient:
    """PERSON as an admin, logged in."""
    groups.are(admins=GROUP)
    return person
