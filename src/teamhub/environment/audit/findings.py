"""What the advisories say of what is installed, as rows of a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from teamhub.environment.audit import advisories, files, inventory
from teamhub.environment.audit.advisories import Advisory, NotOSV
from teamhub.environment.audit.inventory import Installed
from teamhub.environment.audit.versions import NotAVersion
from teamhub.environment.store.generations import Generation
from teamhub.environment.store.layout import Layout
from teamhub.system.tables import printable

Row = dict[str, object]

#: How much of a summary a table has room for, in characters.
SUMMARY = 60

#: Said in place of a version of which it cannot be known whether it is affected.
UNKNOWN = "cannot be compared"


@dataclass(frozen=True)
class Audit:
    """What was compared, and what was found."""

    rows: list[Row]
    #: How many advisories were read, of any package, and how many packages are installed.
    advisories: int
    packages: int


@dataclass(frozen=True)
class Finding:
    """One installed package that an advisory is about."""

    package: Installed
    advisory: Advisory
    #: The first version without the fault; empty where none is known, UNKNOWN where nothing is.
    fixed_in: str
    environments: frozenset[str]

    def with_another(self, other: Finding) -> Finding:
        """Both: this one, and what another one says of the same fault."""
        names = dict.fromkeys((*self.advisory.aliases, other.advisory.id, *other.advisory.aliases))
        names.pop(self.advisory.id, None)
        return replace(
            self,
            advisory=replace(self.advisory, aliases=tuple(names)),
            fixed_in=self.fixed_in or other.fixed_in,
            environments=self.environments | other.environments,
        )


def audit(generation: Generation, paths: Iterable[Path], layout: Layout) -> Audit:
    """Compare a generation's packages with the advisories in files and folders.

    Raises BadAdvisories, DamagedStore or LostBill.
    """
    return compared(inventory.installed(generation, layout), paths)


def compared(packages: Collection[Installed], paths: Iterable[Path]) -> Audit:
    """Compare packages with advisories.  Raises BadAdvisories."""
    by_name: dict[tuple[str, str], list[Installed]] = defaultdict(list)
    for package in packages:
        by_name[package.ecosystem, package.name].append(package)

    def wanted(ecosystem: str, name: str) -> bool:
        return (ecosystem, name) in by_name

    count = 0
    found: dict[tuple[str, Installed], Finding] = {}
    for place, raw in files.read(paths):
        count += 1
        try:
            advisory = advisories.parse(raw, wanted)
        except NotOSV as error:
            raise files.bad(place, f"no advisory in OSV's form: {error}") from error
        for finding in findings(advisory, by_name) if advisory else ():
            found[finding.advisory.id, finding.package] = finding
    rows = [row(finding) for finding in together(found.values())]
    return Audit(rows, count, len(packages))


def findings(
    advisory: Advisory, by_name: dict[tuple[str, str], list[Installed]]
) -> Iterable[Finding]:
    """The installed packages that one advisory is about."""
    for affected in advisory.affected:
        for package in by_name[affected.ecosystem, affected.name]:
            if affected.release in ("", package.release):
                environments = frozenset({package.environment})
                try:
                    if affected.contains(package.version):
                        fixed_in = affected.fixed_after(package.version)
                        yield Finding(package, advisory, fixed_in, environments)
                except NotAVersion:
                    # what cannot be ruled out is for a person to look at
                    yield Finding(package, advisory, UNKNOWN, environments)


def together(found: Iterable[Finding]) -> list[Finding]:
    """Each fault of a package once, with all its names and all environments that have it.

    Two databases have a name each for one fault; each then says the other's as an alias.
    """
    faults: dict[tuple[Installed, str], Finding] = {}
    for finding in sorted(found, key=order):
        package, advisory = replace(finding.package, environment=""), finding.advisory
        names = (advisory.id, *advisory.aliases)
        other = next((faults[package, n] for n in names if (package, n) in faults), None)
        merged = other.with_another(finding) if other else finding
        for name in (*names, merged.advisory.id, *merged.advisory.aliases):
            faults[package, name] = merged
    return list(dict.fromkeys(faults.values()))


def order(finding: Finding) -> tuple[str, ...]:
    """The order of the table: by package, then by advisory."""
    package = finding.package
    return (package.name, package.version, finding.advisory.id, package.environment)


def row(finding: Finding) -> Row:
    """What is said of a finding."""
    advisory, package = finding.advisory, finding.package
    return {
        "package": package.name,
        "version": package.version,
        "ecosystem": package.ecosystem,
        "environment": ", ".join(sorted(finding.environments)),
        "advisory": ", ".join((advisory.id, *advisory.aliases)),
        "fixed_in": finding.fixed_in or "none yet",
        "severity": advisory.severity,
        "summary": " ".join(advisory.summary.split()),
        "remedy": package.remedy,
    }


def shortened(row: Row) -> Row:
    """A row with as much of its summary as a table has room for."""
    summary = str(row["summary"])
    return row if len(summary) <= SUMMARY else {**row, "summary": f"{summary[: SUMMARY - 3]}..."}


def remedies(rows: Iterable[Row]) -> str:
    """What to type, and for which packages."""
    names: dict[str, dict[str, None]] = defaultdict(dict)
    for each in rows:
        names[str(each["remedy"])][str(each["package"])] = None
    said = (f"for {', '.join(whose)}: {remedy}" for remedy, whose in names.items())
    return printable("; ".join(said))
