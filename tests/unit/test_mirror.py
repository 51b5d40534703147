"""The tests mirror the tree: a module's test has its name, or is named here."""

from __future__ import annotations

import ast
from pathlib import Path

from support.checkout import REPOSITORY

SOURCE, UNIT = REPOSITORY / "src", REPOSITORY / "tests/unit"

#: The tests of modules that have none of their own name: of a server that is booted, of the package
#: that was built, or of what such a module is a part of.
TESTED_BY = {
    "setup.py": "package/test_files.py",
    "programs/mediator.py": "server/test_homes.py",
    "teamhub/commands/apply.py": "server/test_settings.py",
    "teamhub/commands/channel.py": "server/test_environment.py",
    "teamhub/commands/check_config.py": "server/test_config_check.py",
    "teamhub/commands/env.py": "server/test_environment.py",
    "teamhub/commands/repair.py": "server/test_repair.py",
    "teamhub/commands/servers.py": "server/test_people.py",
    "teamhub/commands/setup.py": "server/test_install.py",
    "teamhub/commands/status.py": "server/test_environment.py",
    "teamhub/environment/conda/progress.py": "unit/teamhub/environment/conda/test_prefix.py",
    "teamhub/environment/conda/search.py": "unit/teamhub/environment/conda/test_channels.py",
    "teamhub/people/servers.py": "unit/teamhub/commands/test_user.py",
    "teamhub/steps.py": "server/test_install.py",
    "teamhub/system/remedies.py": "server/test_faults.py",
    "teamhub/system/report.py": "server/test_settings.py",
    "teamhub/system/units.py": "server/test_settings.py",
    "teamhub/tls/key_pair.py": "unit/teamhub/tls/test_authority.py",
    "teamhub_build/assemble.py": "package/test_files.py",
    "teamhub_build/fetcher.py": "unit/teamhub_build/test_conda_channels.py",
    "teamhub_build/npm.py": "unit/teamhub_build/packages/test_node.py",
    "teamhub_build/own_process.py": "unit/teamhub_build/test_lock.py",
    "teamhub_build/profiles.py": "package/test_channel.py",
    "teamhub_build/progress.py": "unit/teamhub_build/test_channel.py",
    "teamhub_build/repodata.py": "unit/teamhub_build/test_channel.py",
    "teamhub_build/repository/distribution.py": "unit/teamhub_build/repository/test_publishing.py",
    "teamhub_build/repository/keyring_command.py": "server/test_repository.py",
    "teamhub_build/repository/publish_command.py": "server/test_repository.py",
    "teamhub_build/repository/signing.py": "unit/teamhub_build/repository/test_publishing.py",
    "teamhub_build/root.py": "package/test_lint.py",
    "teamhub_build/settings.py": "unit/maintscripts/test_parity.py",
    "teamhub_build/solver.py": "unit/teamhub_build/test_lock.py",
    "teamhub_build/suites.py": "package/test_control.py",
    "teamhub_build/workspace.py": "unit/teamhub_build/test_machine.py",
    "teamhub_hub/configuration.py": "unit/teamhub_hub/test_check.py",
    "teamhub_server/extension.py": "server/test_browser.py",
    "jupyter/jupyter_server_config.py": "server/test_browser.py",
    "teamhub_shared/__init__.py": "package/test_channel.py",
    "teamhub_shared/conda/network.py": "unit/teamhub/environment/conda/test_channels.py",
    "teamhub_shared/rules.py": "unit/maintscripts/test_parity.py",
    "teamhub_shared/settings.py": "unit/teamhub/settings/test_conf.py",
}


def is_code(module: Path) -> bool:
    """Whether a module has more in it than words."""
    return any(not isinstance(part, ast.Expr) for part in ast.parse(module.read_text("utf-8")).body)


def test_every_module_has_a_test() -> None:
    modules = [path.relative_to(SOURCE) for path in SOURCE.rglob("*.py") if is_code(path)]
    own = {m for m in modules if (UNIT / m.parent / f"test_{m.stem}.py").exists()}
    without = sorted(str(module) for module in modules if module not in own)
    assert without == sorted(TESTED_BY)
    assert [test for test in TESTED_BY.values() if not (UNIT.parent / test).exists()] == []
