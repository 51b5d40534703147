"""sudospawner's mediator, loaded by its path.

`import sudospawner` brings in the spawner and with it all of JupyterHub: 44 MB and 0.6 s for each
person's running server, beside which the mediator waits.  It starts the `sudospawner-singleuser`
that lies next to this file.
"""

import importlib.util
import sys
import sysconfig
from pathlib import Path

path = Path(sysconfig.get_path("purelib"), "sudospawner", "mediator.py")
spec = importlib.util.spec_from_file_location("mediator", path)
if spec is None or spec.loader is None:
    sys.exit(f"teamhub: {path} is missing; apt install --reinstall teamhub")
mediator = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mediator)
mediator.main()
