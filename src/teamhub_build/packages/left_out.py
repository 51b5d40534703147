"""What no server uses, and the channel leaves out: files of a package, and whole projects.

docs/design.md says how much of the download each rule saves.  Type stubs ship (jedi completes with
them), as do headers (numpy's are needed to compile extensions) and public modules such as
numpy.testing.
"""

from __future__ import annotations

import re

#: Projects that an extra asks for and that work without.  JupyterLab's schemas have no IRI, which
#: rfc3987-syntax checks with thirty parsers that it makes each time it is imported (1.1 s).
PROJECTS = frozenset({"rfc3987-syntax"})

#: JupyterHub's copy of Font Awesome; its pages use the style sheet and the web fonts.
FONT_AWESOME = r"components/@fortawesome/fontawesome-free"

LEFT_OUT = (
    # Tests, which nothing but other tests imports.  In jedi's third_party, folders of that name
    # describe modules of other projects.
    r"^(?!.*/third_party/)(.*/)?tests?/",
    # Source maps, which a browser asks for only when its debugger is open.
    r"\.(js|mjs|cjs|css)\.map$",
    # Every icon once more: as images of its own, in sprites and in scripts.
    rf"/{FONT_AWESOME}/(svgs|svgs-full|sprites|sprites-full|js|metadata)/",
    # What pip writes on Windows in place of a script.
    r"\.exe$",
)

_PATTERN = re.compile("|".join(LEFT_OUT))


def is_left_out(path: str) -> bool:
    """Whether a file stays behind; `path` is its path inside the wheel or the npm package."""
    return _PATTERN.search(path) is not None
