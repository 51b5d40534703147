"""The table of settings: each key of teamhub.conf, and all that build, server and hub know of it.

Rendered or read out of it are teamhub.conf, the dialogue's questions, their order and their checks,
what a change restarts, the defaults of the hub and of the proxy, and the tables in docs/.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from teamhub_shared import rules
from teamhub_shared.rules import Rule

#: The programs that take up a setting when they start, from their environment.  Settings without
#: any of these are read by the `teamhub` command alone.
HUB = "hub"
PROXY = "proxy"


@dataclass(frozen=True)
class Setting:
    """One key of teamhub.conf."""

    key: str
    default: str
    #: What follows from the value, in words for the admin; one or more lines.
    meaning: str
    rule: Rule
    readers: Sequence[str] = ()
    #: debconf's priority of the question that asks for it; empty: there is none.
    priority: str = ""
    #: What a change restarts, if that does not follow from the readers alone.
    restarts: str = ""
    #: What the default comes to, where the value alone does not say it.
    default_means: str = ""
    #: What an installation may write in place of the default where nobody has answered.
    unanswered: str = ""

    @property
    def question(self) -> str:
        """The debconf question that asks for it, without the package's name; or nothing."""
        return self.key.lower().replace("_", "-") if self.priority else ""


#: In the order of the dialogue and of a new teamhub.conf.
SETTINGS = (
    Setting(
        "CREATE_ACCOUNTS",
        "yes",
        "Whether somebody who may use the hub and has no Unix account is given one: yes or no.",
        rules.YES_OR_NO,
        priority="low",
    ),
    Setting(
        "SERVER_NAMES",
        "",
        "The names and addresses that people type to reach the server, separated by spaces.\n"
        "Empty: the host's own names and all its addresses.",
        rules.Names(),
        priority="high",
        restarts="nothing: a new certificate is taken up",
        default_means="the host's own names and addresses, found anew",
    ),
    Setting(
        "CERTIFICATE",
        "own",
        "Where the certificate comes from.  own: made and renewed here, by an authority of this\n"
        "server's own, which people import once (teamhub tls ca).  acme: fetched and renewed from\n"
        "ACME_DIRECTORY, whose terms you accept by that.  files: the two files below.\n"
        "none: another proxy in front of this one has it; the hub is then plain HTTP on HTTP_PORT.",
        rules.Choice(("own", "acme", "files", "none")),
        readers=(HUB, PROXY),
        priority="medium",
        restarts="to or from `none`: the proxy, and with it the hub; else nothing",
    ),
    Setting(
        "CERTIFICATE_FILE",
        "",
        "With CERTIFICATE=files: the certificate and its chain (PEM), the server's own first.\n"
        "A renewed one is taken up within a minute; at once with: teamhub tls renew",
        rules.Path(),
        priority="medium",
        restarts="nothing: the certificate is taken up",
    ),
    Setting(
        "KEY_FILE",
        "",
        "With CERTIFICATE=files: its key (PEM, no passphrase).",
        rules.Path(),
        priority="medium",
        restarts="nothing: the key is taken up",
    ),
    Setting(
        "ACME_DIRECTORY",
        "https://acme-v02.api.letsencrypt.org/directory",
        "With CERTIFICATE=acme: the address of the authority's ACME directory (Let's Encrypt's).\n"
        "It has to reach this server by its host names on port 80 (HTTP_PORT).",
        rules.WebAddress(),
        restarts="nothing: a certificate is fetched",
    ),
    Setting(
        "ACME_EMAIL",
        "",
        "With CERTIFICATE=acme: where the authority writes to if it has to, or nothing.",
        rules.MailAddress(),
        default_means="the authority is told none",
    ),
    Setting(
        "SUBDOMAIN_HOST",
        "",
        "The server's name, such as hub.example.org, if each person's server is to have one below\n"
        "it (amy.hub.example.org): browsers then keep people's pages apart.  DNS has to have a\n"
        "record *.hub.example.org, and the certificate that name.  Empty: one name for all.",
        rules.Domain(),
        readers=(HUB, PROXY),
        priority="medium",
        default_means="one name for all",
        unanswered="with CERTIFICATE=own the first of the server's names, "
        "if DNS answers for all names below it",
    ),
    Setting(
        "HTTPS_PORT",
        "443",
        "The port of the hub.",
        rules.Port(),
        readers=(HUB, PROXY),
        priority="medium",
    ),
    Setting(
        "HTTP_PORT",
        "80",
        "A port that sends browsers on to HTTPS, or off.",
        rules.Port(word="off"),
        readers=(HUB, PROXY),
        priority="medium",
        default_means="sends browsers on to HTTPS",
        unanswered="`off` where another program has that port",
    ),
    Setting(
        "LISTEN_ADDRESS",
        "",
        "The one address that the ports above are opened on.  Empty: all addresses of the server,\n"
        "and with CERTIFICATE=none only 127.0.0.1.",
        rules.Address(),
        readers=(HUB, PROXY),
        default_means="all addresses, and with `CERTIFICATE=none` only 127.0.0.1",
    ),
    Setting(
        "INTERFACE",
        "lab",
        "What people see after login: lab (JupyterLab) or notebook (Jupyter Notebook).",
        rules.Choice(("lab", "notebook")),
        readers=(HUB,),
        priority="medium",
    ),
    Setting(
        "MEMORY_LIMIT",
        "none",
        "The memory that all of one person's processes on this server may take together, such as\n"
        "512M or 2G, or none.  What goes beyond it is killed; usually that is one kernel.",
        rules.MEMORY,
        readers=(HUB,),
        priority="medium",
        restarts="the hub, so that notebooks show the new limit",
    ),
    Setting(
        "CPU_LIMIT",
        "none",
        "The processor cores that one person may use at a time, such as 2 or 1.5, or none.",
        rules.CORES,
        readers=(HUB,),
        priority="medium",
        restarts="the hub, so that notebooks show the new limit",
    ),
    Setting(
        "TASKS_LIMIT",
        "none",
        "The processes and threads that one person may have, such as 512, or none.",
        rules.TASKS,
        priority="medium",
    ),
    Setting(
        "IDLE_HOURS",
        "0",
        "A server that nobody has used for so many hours is stopped; 0: never.",
        rules.HOURS,
        readers=(HUB,),
        priority="low",
        default_means="never",
    ),
)
BY_KEY = {setting.key: setting for setting in SETTINGS}


def keys_read_by(reader: str) -> tuple[str, ...]:
    """The keys of the settings that the hub or the proxy takes up."""
    return tuple(setting.key for setting in SETTINGS if reader in setting.readers)
