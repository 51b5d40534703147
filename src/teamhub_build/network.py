"""How the build reaches conda channels."""

from __future__ import annotations

from rattler import Client, Config

#: Debian's store of certificates, where `update-ca-certificates` puts a company's own.
SETTINGS = 'tls-root-certs = "system"\n'
RETRIES = 3
#: For one answer as a whole.
TIMEOUT_SECONDS = 1800


def channel_client() -> Client:
    """What fetches from channels.

    Logins are those of ~/.netrc, or of the file that RATTLER_AUTH_FILE names; a proxy is that of
    the environment (https_proxy).
    """
    return Client.from_config(
        Config.from_toml(SETTINGS), max_retries=RETRIES, timeout=TIMEOUT_SECONDS
    )
