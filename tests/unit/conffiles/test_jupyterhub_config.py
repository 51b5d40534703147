"""The hub's configuration as it ships, loaded and checked by JupyterHub itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from support.hub_config import HubConfig, write_config
from teamhub_hub import settings
from teamhub_hub.check import Findings, check_config
from teamhub_shared.settings import SETTINGS

#: Values of every kind for each setting that the hub reads.
VALUES = {
    "HTTPS_PORT": ("8443",),
    "HTTP_PORT": ("80", "off"),
    "LISTEN_ADDRESS": ("", "192.0.2.7", "2001:db8::7"),
    "SUBDOMAIN_HOST": ("", "hub.example.org"),
    "CERTIFICATE": ("own", "acme", "files", "none"),
    "INTERFACE": ("lab", "notebook"),
    "MEMORY_LIMIT": ("none", "2G"),
    "CPU_LIMIT": ("none", "1.5"),
    "IDLE_HOURS": ("0", "12"),
}
FAULTS = {setting.key: setting.rule.fault for setting in SETTINGS}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubConfig:
    written = write_config(tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(written.credentials))
    return written


def combinations() -> Iterator[dict[str, str]]:
    """Every combination that the settings' own checks let pass."""
    for values in itertools.product(*VALUES.values()):
        chosen = dict(zip(VALUES, values, strict=True))
        if not (chosen["CERTIFICATE"] == "none" and chosen["HTTP_PORT"] == "off"):
            yield chosen


def loaded(config: HubConfig) -> Config:
    return PyFileConfigLoader(config.main.name, str(config.main.parent)).load_config()


def test_every_setting_that_the_hub_reads_has_values_here_that_are_allowed() -> None:
    assert VALUES.keys() == settings.DEFAULTS.keys()
    assert [
        (key, value) for key, values in VALUES.items() for value in values if FAULTS[key](value)
    ] == []


def test_every_combination_of_settings_is_a_configuration_without_a_warning(
    config: HubConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = []
    for chosen in combinations():
        for key, value in chosen.items():
            monkeypatch.setenv(key, value)
        findings = check_config(config.main)
        if findings != Findings():
            wrong.append((chosen, findings))
    assert wrong == []


def test_the_settings_reach_the_classes_that_read_them(
    config: HubConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = {"HTTPS_PORT": "8443", "INTERFACE": "notebook", "MEMORY_LIMIT": "2G", "IDLE_HOURS": "1"}
    for key, value in lines.items():
        monkeypatch.setenv(key, value)
    c = loaded(config)
    assert c.JupyterHub.bind_url == "https://:8443/"
    assert c.Spawner.default_url == "/tree"
    assert c.Spawner.mem_limit == "2G"
    assert [service["name"] for service in c.JupyterHub.services] == ["idle-culler"]
    assert [role["services"] for role in c.JupyterHub.load_roles] == [["idle-culler"]]


def test_snippets_are_read_last_and_in_the_order_of_their_names(config: HubConfig) -> None:
    config.snippet("c.Spawner.http_timeout = 2\n", "20-two.py")
    config.snippet("c.Spawner.http_timeout = 1\n", "10-one.py")
    config.snippet("c.Spawner.http_timeout = 3\n", "README")
    assert loaded(config).Spawner.http_timeout == 2


def test_the_token_is_the_one_that_systemd_gives(config: HubConfig) -> None:
    assert loaded(config).ConfigurableHTTPProxy.auth_token == "0" * 64
