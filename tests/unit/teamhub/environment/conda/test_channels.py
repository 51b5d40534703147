"""Channels over HTTP: what comes is what the lock names, and every fault is one clear error."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
import rattler
from hypothesis import example, given
from hypothesis import strategies as st
from rattler.index import index_fs

from support.conda_channel import Channel
from support.web import Fault, Web, corrupted, serve, truncated
from teamhub.environment.conda import prefix, search
from teamhub.environment.conda.channels import (
    NOT_OBEYED,
    BadNetworkFile,
    ChannelUnreachable,
    explain,
    network_settings,
)
from teamhub.environment.team import file as team_file
from teamhub.tls import authority
from teamhub.tls.key_pair import KeyPair
from teamhub.tls.names import sort_names
from teamhub_shared import TeamhubError
from teamhub_shared.conda.process import rattler_process
from unit.teamhub.environment.conftest import Server


def fails(server: Server) -> TeamhubError:
    """The error of an apply that changes nothing."""
    before = server.current
    with pytest.raises(TeamhubError) as caught:
        server.apply()
    assert server.current == before
    assert server.generations() == [before.name]
    assert len(caught.value.remedy) < 200
    return caught.value


def test_packages_come_over_http(server: Server, web: Web) -> None:
    server.ask("extra", channels=[web.url])
    server.apply()
    assert server.version("extra") == "1.0"


def test_a_channel_behind_a_login_is_reached_with_it(server: Server, web: Web) -> None:
    web.authorization = f"Basic {base64.b64encode(b'zoe:secret').decode()}"
    logins = server.layout.root.parent / "logins.json"
    host = web.url.removeprefix("http://")
    login = {"BasicHTTP": {"username": "zoe", "password": "secret"}}
    logins.write_text(json.dumps({host.partition(":")[0]: login}))
    server.layout.network_file.write_text(f'authentication-override-file = "{logins}"\n')
    server.ask("extra", channels=[web.url])
    server.apply()
    assert server.version("extra") == "1.0"


def test_a_login_of_netrc_is_used(
    server: Server, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login zoe password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    web.authorization = f"Basic {base64.b64encode(b'zoe:secret').decode()}"
    server.ask("extra", channels=[web.url])
    server.apply()
    assert server.version("extra") == "1.0"


def test_a_token_is_used(server: Server, web: Web, tmp_path: Path) -> None:
    logins = tmp_path / "logins.json"
    logins.write_text(json.dumps({"127.0.0.1": {"BearerToken": "secret"}}))
    server.layout.network_file.write_text(f'authentication-override-file = "{logins}"\n')
    web.authorization = "Bearer secret"
    server.ask("extra", channels=[web.url])
    server.apply()
    assert server.version("extra") == "1.0"


def test_a_proxy_is_asked_in_a_channels_place(server: Server, web: Web) -> None:
    server.layout.network_file.write_text(f'[proxy-config]\nhttp = "{web.url}"\n')
    server.ask("extra", channels=["http://channel.example.org"])
    server.apply()
    assert server.version("extra") == "1.0"
    assert web.hosts == {"channel.example.org"}


def test_an_authority_of_the_systems_store_is_trusted_and_no_other(
    server: Server, other: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, stem in (("AUTHORITY", "ca"), ("LEAF", "server")):
        pair = KeyPair(tmp_path / f"{stem}.key", tmp_path / f"{stem}.crt")
        monkeypatch.setattr(authority, name, pair)
    authority.ensure_certificates(sort_names(["channel.example.org", "127.0.0.1"]))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.LEAF.certificate_path, authority.LEAF.key_path)
    with serve(other.folder, context=context) as web:
        server.ask("extra", channels=[web.url])
        assert "certificate" in fails(server).problem
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.AUTHORITY.certificate_path))
        server.apply()
    assert server.version("extra") == "1.0"


def test_a_mirror_is_used_in_a_channels_place(server: Server, web: Web) -> None:
    server.layout.network_file.write_text(
        f'[mirrors]\n"{rattler.Channel("conda-forge").base_url}" = ["{web.url}"]\n'
    )
    server.ask("extra", channels=["conda-forge"])
    server.apply()
    assert server.version("extra") == "1.0"


def test_a_login_that_is_missing_is_told(server: Server, web: Web) -> None:
    web.authorization = "Basic unknown"
    server.ask("extra", channels=[web.url])
    error = fails(server)
    assert "401" in error.problem
    assert "authentication-override-file" in error.remedy


def test_a_channel_that_is_down_is_named(server: Server, web: Web) -> None:
    web.close()
    server.ask("extra", channels=[web.url])
    error = fails(server)
    assert isinstance(error, ChannelUnreachable)
    assert web.url in error.problem
    assert "Connection refused" in error.problem


def test_a_channel_that_is_not_there_is_named(server: Server, web: Web) -> None:
    server.ask("extra", channels=[f"{web.url}/absent"])
    error = fails(server)
    assert f"{web.url}/absent" in error.problem
    assert "404" in error.problem
    assert str(server.layout.team_file) in error.remedy


def test_a_folder_that_is_not_there_is_named(server: Server) -> None:
    server.ask("extra", channels=["file:///absent/channel"])
    assert "/absent/channel" in fails(server).problem


def test_a_package_that_has_vanished_is_named(server: Server, web: Web) -> None:
    web.statuses["extra-1.0-0.conda"] = 404
    server.ask("extra", channels=[web.url])
    problem = fails(server).problem
    assert "extra-1.0-0.conda" in problem
    assert "404" in problem


@pytest.mark.parametrize("fault", [corrupted, truncated])
def test_a_package_with_another_content_is_refused(server: Server, web: Web, fault: Fault) -> None:
    web.contents["extra-1.0-0.conda"] = fault
    server.ask("extra", channels=[web.url])
    assert "extra-1.0-0" in fails(server).problem
    web.contents.clear()
    server.apply()
    assert server.version("extra") == "1.0"


def test_a_package_that_stalls_is_given_up(
    server: Server, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefix, "STALLED_SECONDS", 1.0)
    web.stalling.add("extra-1.0-0.conda")
    server.ask("extra", channels=[web.url])
    assert "extra" in fails(server).problem


@pytest.mark.parametrize(
    ("text", "words"), [("proxy = [", "TOML"), ("[proxi]\nhttps = 'x'\n", "proxi")]
)
def test_bad_settings_of_the_network_are_told(server: Server, text: str, words: str) -> None:
    server.layout.network_file.write_text(text)
    server.ask("extra")
    error = fails(server)
    assert isinstance(error, BadNetworkFile)
    assert words in error.problem


def test_the_channels_can_be_searched(server: Server, other: Channel) -> None:
    other.add("extra", "1.10")
    other.add("extra", "1.9")
    server.ask(channels=[other.url])
    team = team_file.read(server.layout.team_file)
    found = search.search("xtr", team, server.layout)
    assert found == [{"name": "extra", "version": "1.10", "channel": other.url}]
    assert [row["name"] for row in search.search("lib*", team, server.layout)] == ["library"]
    assert search.search("absent", team, server.layout) == []


def test_nothing_of_a_channel_is_kept_where_a_person_could_write(server: Server) -> None:
    for path in (server.layout.root, *Path(server.layout.root).iterdir()):
        assert path.is_symlink() or not path.stat().st_mode & 0o022


def test_without_the_packages_own_channels_what_ships_stays(server: Server, other: Channel) -> None:
    other.add("library", "9.0")
    server.ask("extra", channels=["nodefaults", other.url])
    server.apply()
    assert server.version("library") == "2.0"
    assert server.version("extra") == "1.0"


class TestNetworkFile:
    """Each setting of rattler.toml is obeyed, or refused by its name."""

    def test_every_setting_of_rattler_is_known(self) -> None:
        settings = set(rattler.Config().keys())
        refused = {key for key in settings if {key, key.partition(".")[0]} & NOT_OBEYED.keys()}
        assert settings - refused == {
            "authentication-override-file",
            "tls-no-verify",
            "tls-root-certs",
            "mirrors",
            "s3-options",
            "proxy-config.https",
            "proxy-config.http",
            "proxy-config.non-proxy-hosts",
            "repodata-config.disable-bzip2",
            "repodata-config.disable-zstd",
            "repodata-config.disable-sharded",
            "concurrency.downloads",
            "allow-hard-links",
            "allow-ref-links",
        }

    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ('default-channels = ["conda-forge"]\n', "default-channels"),
            ('run-post-link-scripts = "insecure"\n', "run-post-link-scripts"),
            ("allow-symbolic-links = false\n", "allow-symbolic-links"),
            ("concurrency.solves = 2\n", "concurrency.solves"),
            ("[concurrency]\nsolves = 2\n", "concurrency.solves"),
            ("[virtual-package-detectors]\ntimeout-seconds = 3\n", "virtual-package-detectors"),
            ("[index-config]\nwrite-zst = true\n", "index-config"),
            ('[build]\npackage-format = "conda:max"\n', "build"),
        ],
    )
    def test_what_would_not_be_obeyed_is_refused(self, server: Server, text: str, key: str) -> None:
        server.layout.network_file.write_text(text)
        server.ask("extra")
        error = fails(server)
        assert isinstance(error, BadNetworkFile)
        assert (
            error.problem == f"{server.layout.network_file}: teamhub does not use the setting {key}"
        )

    def test_no_download_at_all_is_refused_and_not_waited_for(self, server: Server) -> None:
        server.layout.network_file.write_text("concurrency.downloads = 0\n")
        server.ask("extra")
        assert "greater than 0" in fails(server).problem

    @pytest.mark.parametrize(
        ("text", "asked", "others"),
        [
            ("", "repodata.json.zst", ()),
            ("disable-zstd = true", "repodata.json", ("repodata.json.zst",)),
            ("disable-sharded = true", "repodata.json.zst", ("repodata_shards.msgpack.zst",)),
        ],
    )
    def test_the_form_of_repodata_is_chosen(
        self, server: Server, web: Web, text: str, asked: str, others: Sequence[str]
    ) -> None:
        server.layout.network_file.write_text(f"[repodata-config]\n{text}\n")
        server.ask("extra", channels=[web.url])
        server.apply()
        assert web.sent[asked]
        assert [web.asked[name] for name in others] == [0] * len(others)
        assert web.asked["repodata.json.bz2"] == 0

    def test_the_form_of_repodata_is_chosen_for_one_channel(self, server: Server, web: Web) -> None:
        server.layout.network_file.write_text(
            f'[repodata-config."{web.url}"]\ndisable-sharded = true\n'
            '[repodata-config."http://other.example.org"]\ndisable-zstd = true\n'
        )
        server.ask("extra", channels=[web.url])
        server.apply()
        assert web.sent["repodata.json.zst"]
        assert not web.asked["repodata_shards.msgpack.zst"]

    @pytest.mark.parametrize(("text", "alone"), [("downloads = 1", True), ("", False)])
    def test_so_many_downloads_go_on_at_a_time(
        self, server: Server, web: Web, other: Channel, text: str, alone: bool
    ) -> None:
        for name in ("one", "two", "three"):
            other.add(name)
        server.layout.network_file.write_text(f"[concurrency]\n{text}\n")
        server.ask("extra", "one", "two", "three", channels=[web.url])
        web.delay = 0.3
        server.apply()
        assert (web.most_at_once == 1) == alone

    def test_hard_links_are_left_alone_where_they_are_not_wanted(
        self, server: Server, other: Channel
    ) -> None:
        server.layout.network_file.write_text("allow-hard-links = false\n")
        server.ask("extra", channels=[other.url])
        server.apply()
        file = "share/extra/version"
        assert not (server.current / "user" / file).samefile(
            server.layout.cache / "extra-1.0-0" / file
        )
        assert (server.current / "user/bin/extra").stat().st_mode & 0o777 == 0o755


HASH = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(HASH, HASH)
@example("401" * 21 + "4", "403" * 21 + "4")
def test_no_hash_is_taken_for_a_missing_login(expected: str, got: str) -> None:
    url = "https://conda.example.org/team/noarch/extra-1.0-0.conda"
    error = RuntimeError(
        "failed to fetch extra-1.0-0.conda\n"
        "Caused by: failed to interact with the package cache layer.\n"
        f"Caused by: hash mismatch when extracting {url} to /opt/teamhub/pkgs/.extra-1.0-0eKv2Yo: "
        f"expected {expected}, got {got}, total size 936 bytes"
    )
    explained = explain(error, Path("environment.yml"))
    assert explained.problem == f"{url}: its sha256 is {got}, the channel says {expected}"
    assert "wait until it is fixed" in explained.remedy


def test_an_upgrade_without_network_knows_what_a_channel_said_in_shards(
    server: Server, embedded: Channel, other: Channel, web: Web
) -> None:
    with rattler_process("again") as process:
        process.call(write_shards, other.folder)
    server.ask("extra", channels=[web.url])
    server.apply()
    assert web.sent["repodata_shards.msgpack.zst"]
    assert not web.sent["repodata.json.zst"]
    web.close()
    embedded.add("library", "3.0")
    server.ship()
    server.configure()
    assert (server.version("library"), server.version("extra")) == ("3.0", "1.0")


def write_shards(folder: Path) -> None:
    """Have rattler index a channel, sharded as well (CEP 16)."""
    asyncio.run(index_fs(folder, write_shards=True, force=True))


SETTINGS = ["[proxy-config]", "[mirrors]", "[[", "https = ", '"x"', "\n", "tls-no-verify = 1",
            "=", "a = 1", "concurrency.downloads = ", "-1", "9" * 20, "[" * 100_000]  # fmt: skip


@given(st.binary() | st.lists(st.sampled_from(SETTINGS)).map(lambda each: "".join(each).encode()))
def test_settings_of_any_bytes_are_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "rattler.toml"
    path.write_bytes(content)
    try:
        taken = network_settings(path)
    except BadNetworkFile as error:
        said = error.problem
    else:
        assert taken is not None
        return
    assert said.startswith(f"{path}: ")
