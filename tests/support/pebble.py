"""Pebble, the ACME project's own test server: an authority that servers of the tests can ask.

It forgets everything when it ends, and has another root each time.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import urllib.request
from pathlib import Path

from support.network import SERVICES
from support.waiting import wait_for

#: Debian's package has the same name (support/preparation.py).
PROGRAM = "pebble"
PORT, MANAGEMENT_PORT = 14000, 15000


class Pebble:
    """The authority, which looks at port 80 of the names that the tests' name server knows."""

    directory = f"https://{SERVICES}:{PORT}/dir"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: What a client has to trust to ask it; not the root of what it gives.
        self.certificate = folder / "pebble.crt"
        key = folder / "pebble.key"
        subject = ["-subj", "/CN=pebble", "-addext", f"subjectAltName=IP:{SERVICES}"]
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject),
                *("-keyout", key, "-out", self.certificate),
            ],
            check=True,
            capture_output=True,
        )
        settings = {
            "listenAddress": f"{SERVICES}:{PORT}",
            "managementListenAddress": f"{SERVICES}:{MANAGEMENT_PORT}",
            "certificate": str(self.certificate),
            "privateKey": str(key),
            "httpPort": 80,
            "tlsPort": 443,
        }
        self._settings = folder / "pebble.json"
        self._settings.write_text(json.dumps({"pebble": settings}))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin to answer; it knows nobody."""
        # without the pauses and the refusals at random by which it tries clients
        behaviour = {
            "PEBBLE_VA_NOSLEEP": "1",
            "PEBBLE_WFE_NONCEREJECT": "0",
            "PEBBLE_AUTHZREUSE": "0",
        }
        with (self.folder / "pebble.log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-config", self._settings, "-dnsserver", f"{SERVICES}:53"],
                env={**os.environ, **behaviour},
                stdout=log,
                stderr=log,
            )
        wait_for("pebble", self.root, 20)

    def stop(self) -> None:
        """Be away."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def root(self) -> str:
        """The certificate, in PEM, that verifies what it gives; empty while it is away."""
        context = ssl.create_default_context(cafile=self.certificate)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        try:
            with opener.open(f"https://{SERVICES}:{MANAGEMENT_PORT}/roots/0", timeout=5) as page:
                return str(page.read().decode())
        except OSError:
            return ""
