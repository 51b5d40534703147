"""How conda channels are reached."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rattler import Client, Config, Gateway

#: In rattler's own form.  `system` is Debian's store of certificates, where
#: `update-ca-certificates` puts a company's own.  Nobody makes repodata.json.bz2 any more.
DEFAULTS = """\
tls-root-certs = "system"

[repodata-config]
disable-bzip2 = true
"""
RETRIES = 3
#: For one answer as a whole.
TIMEOUT_SECONDS = 1800


def configuration(own: Config | None = None) -> Config:
    """The settings for channels: the defaults, and what `own` says in place of them."""
    from rattler import Config

    defaults = Config.from_toml(DEFAULTS)
    return defaults.merge(own) if own else defaults


def client(settings: Config) -> Client:
    """What fetches from channels: with the proxy, mirrors, certificates and logins of `settings`.

    Logins are also taken from ~/.netrc and from the file that RATTLER_AUTH_FILE names, a proxy from
    the environment (https_proxy).
    """
    from rattler import Client

    return Client.from_config(settings, max_retries=RETRIES, timeout=TIMEOUT_SECONDS)


def gateway(settings: Config, cache: Path, *, from_memory: bool) -> Gateway:
    """What knows the packages of every channel; it remembers in `cache` what they said.

    `from_memory`: as they were when last asked, and no channel is asked.  A channel of file:// is
    read as it is now in any case.
    """
    from rattler import Gateway, SourceConfig

    if from_memory:
        # Gateway.from_config has no argument for the cache (py-rattler 0.28); the settings that it
        # takes are for asking.
        remembered = SourceConfig(cache_action="force-cache-only")
        return Gateway(cache_dir=cache, default_config=remembered, client=client(settings))
    return Gateway.from_config(settings, cache_dir=cache, client=client(settings))
