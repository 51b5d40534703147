"""What a solver gets to know about a wheel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from teamhub_build.packages.left_out import PROJECTS
from teamhub_build.packages.wheel import Wheel, WheelError, conda_package, run_requirements
from teamhub_build.suites import SUITES, Suite
from unit.teamhub_build.conftest import MakeWheel

BOOKWORM, TRIXIE = SUITES["bookworm"], SUITES["trixie"]


def names(wheel: Wheel, *others: Wheel, suite: Suite = BOOKWORM) -> set[str]:
    """The projects that `wheel` needs, where `others` are in the channel too."""
    wheels = by_project([wheel, *others])
    return {requirement.name for requirement in run_requirements(wheel, wheels, suite)}


def by_project(wheels: Iterable[Wheel]) -> dict[str, Wheel]:
    return {wheel.project: wheel for wheel in wheels}


class TestRequirements:
    """Markers and extras, of which conda has neither."""

    def test_a_marker_is_evaluated_for_the_suites_python_not_the_builders(
        self, make_wheel: MakeWheel
    ) -> None:
        wheel = make_wheel(
            "app",
            requires=[
                "old ; python_version < '3.12'",
                "new ; python_version >= '3.12'",
                "patched ; python_full_version >= '3.13.1'",
            ],
        )
        assert names(wheel, suite=BOOKWORM) == {"old"}
        assert names(wheel, suite=TRIXIE) == {"new", "patched"}

    def test_a_marker_is_evaluated_for_debian_on_amd64(self, make_wheel: MakeWheel) -> None:
        wheel = make_wheel(
            "app",
            requires=[
                "windows ; sys_platform == 'win32'",
                "linux ; platform_system == 'Linux' and platform_machine == 'x86_64'",
            ],
        )
        assert names(wheel) == {"linux"}

    def test_an_extra_that_nobody_asks_for_brings_nothing(self, make_wheel: MakeWheel) -> None:
        wheel = make_wheel("app", requires=["base", "sphinx ; extra == 'docs'"])
        assert names(wheel) == {"base"}

    def test_an_extra_that_is_asked_for_brings_its_own_requirements(
        self, make_wheel: MakeWheel
    ) -> None:
        schema = make_wheel("schema", requires=["core", "fqdn ; extra == 'format-nongpl'"])
        assert names(make_wheel("app", requires=["schema[format_nongpl]"]), schema) == {
            "schema",
            "fqdn",
        }

    def test_extras_of_extras_are_followed_to_the_end(self, make_wheel: MakeWheel) -> None:
        schema = make_wheel(
            "schema",
            requires=["schema[web] ; extra == 'all'", "http[fast] ; extra == 'web'"],
        )
        http = make_wheel("http", requires=["brotli ; extra == 'fast'"])
        wheel = make_wheel("app", requires=["schema[all]"])
        assert names(wheel, schema, http) == {"schema", "http", "brotli"}

    def test_what_the_channel_leaves_out_is_not_brought_by_an_extra(
        self, make_wheel: MakeWheel
    ) -> None:
        extra = [f"{name} ; extra == 'all'" for name in ("fqdn", *PROJECTS)]
        schema = make_wheel("schema", requires=extra)
        assert names(make_wheel("app", requires=["schema[all]"]), schema) == {"schema", "fqdn"}

    def test_what_a_project_cannot_do_without_is_not_left_out(self, make_wheel: MakeWheel) -> None:
        assert names(make_wheel("app", requires=[*PROJECTS])) == PROJECTS

    def test_extras_that_ask_for_each_other_end(self, make_wheel: MakeWheel) -> None:
        one = make_wheel("one", requires=["two[x] ; extra == 'x'"])
        two = make_wheel("two", requires=["one[x] ; extra == 'x'"])
        assert names(make_wheel("app", requires=["one[x]"]), one, two) == {"one", "two"}

    def test_a_package_never_requires_itself(self, make_wheel: MakeWheel) -> None:
        wheel = make_wheel("app", requires=["app[all]", "extra-thing ; extra == 'all'"])
        assert names(wheel) == {"extra-thing"}

    def test_an_extra_of_a_project_that_is_not_pinned_is_refused(
        self, make_wheel: MakeWheel
    ) -> None:
        with pytest.raises(WheelError, match=r"app-1.0.* needs schema\[format\]"):
            names(make_wheel("app", requires=["schema[format]"]))


class TestPackage:
    """The entry in the channel's repodata."""

    def test_a_pure_wheel_is_noarch(self, make_wheel: MakeWheel) -> None:
        wheel = make_wheel("app")
        package = conda_package(wheel, by_project([wheel]), BOOKWORM)
        assert (package.subdir, package.noarch) == ("noarch", "python")
        assert package.depends == ("python >=3.11,<3.12.0a0",)

    def test_an_extension_of_one_python_needs_its_abi_and_the_glibc_it_was_built_for(
        self, make_wheel: MakeWheel
    ) -> None:
        wheel = make_wheel("fast", tag="cp311-cp311-manylinux_2_17_x86_64.manylinux_2_28_x86_64")
        package = conda_package(wheel, by_project([wheel]), BOOKWORM)
        assert (package.subdir, package.noarch) == ("linux-64", None)
        assert package.depends == (
            "__glibc >=2.17,<3.0.a0",
            "python >=3.11,<3.12.0a0",
            "python_abi 3.11.* *_cp311",
        )

    def test_an_extension_of_the_stable_abi_is_noarch_python_of_one_platform(
        self, make_wheel: MakeWheel
    ) -> None:
        wheel = make_wheel("stable", tag="cp39-abi3-manylinux2014_x86_64")
        package = conda_package(wheel, by_project([wheel]), TRIXIE)
        assert (package.subdir, package.noarch) == ("linux-64", "python")
        assert package.depends == ("__glibc >=2.17,<3.0.a0", "python >=3.13,<3.14.0a0")

    def test_names_and_versions_are_condas(self, make_wheel: MakeWheel) -> None:
        wheel = make_wheel("Jupyter-Client", "8.0.post1", requires=["tzdata>=2022", "numpy<3"])
        package = conda_package(wheel, by_project([wheel]), BOOKWORM)
        assert package.filename == "jupyter_client-8.0.post1-py311_0.conda"
        assert {"python-tzdata >=2022", "numpy <3a0"} < set(package.depends)

    def test_its_place_on_pypi_is_kept(self, make_wheel: MakeWheel) -> None:
        wheel = make_wheel("Jupyter-Client", "8.0.post1+local")
        package = conda_package(wheel, by_project([wheel]), BOOKWORM)
        assert package.purls == ("pkg:pypi/jupyter-client@8.0.post1%2Blocal",)
        assert package.index()["purls"] == list(package.purls)

    @pytest.mark.parametrize(
        ("metadata", "licence"),
        [
            (["License-Expression: MIT OR Apache-2.0"], "MIT OR Apache-2.0"),
            (["License: BSD 3-Clause"], "BSD 3-Clause"),
            (["License: UNKNOWN", "Classifier: License :: OSI Approved :: MIT License"],
             "MIT License"),
            (["License: " + "very long " * 10, "Classifier: License :: OSI Approved"],
             "OSI Approved"),
            (["Classifier: Programming Language :: Python"], ""),
        ],
    )  # fmt: skip
    def test_the_licence_is_what_the_metadata_says(
        self, make_wheel: MakeWheel, metadata: list[str], licence: str
    ) -> None:
        wheel = make_wheel("app", metadata=metadata)
        assert conda_package(wheel, by_project([wheel]), BOOKWORM).license == licence

    def test_packages_of_two_suites_differ_in_their_build(self, make_wheel: MakeWheel) -> None:
        wheel = make_wheel("app")
        on_bookworm = conda_package(wheel, by_project([wheel]), BOOKWORM)
        on_trixie = conda_package(wheel, by_project([wheel]), TRIXIE)
        assert (on_bookworm.build, on_trixie.build) == ("py311_0", "py313_0")

    def test_a_file_that_is_no_wheel_is_named(self, make_wheel: MakeWheel) -> None:
        wheel = make_wheel("app")
        wheel.path.write_bytes(b"not a zip file")
        with pytest.raises(WheelError, match=r"app-1.0-py3-none-any.whl has no readable metadata"):
            conda_package(replace(wheel), by_project([wheel]), BOOKWORM)
