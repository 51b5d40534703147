"""The options of a build name one package, or are refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from teamhub_build.profiles import requested_specs
from teamhub_build.suites import EVERY_SUITE, SUITES, machine_suite
from teamhub_build.variant import Variant, VariantError, choose_variant

FORGE = "conda-forge"
MIRROR = "https://mirror.example.org/conda"


def test_nothing_said_is_the_embedded_channel_of_the_machines_own_suite() -> None:
    chosen = choose_variant(None, "minimal", [], thin=False)
    assert chosen == Variant(machine_suite(), "minimal")
    assert chosen == choose_variant(None, "minimal", ["embedded"], thin=False)
    assert chosen.is_embedded


def test_another_suite_can_be_named() -> None:
    assert choose_variant("trixie", "minimal", [], thin=False).suite == SUITES["trixie"]


def test_a_package_of_other_channels_is_for_every_suite() -> None:
    chosen = choose_variant(None, "scientific", [FORGE, f"{MIRROR}/", FORGE], thin=True)
    assert chosen == Variant(EVERY_SUITE, "scientific", (FORGE, MIRROR), thin=True)
    assert not chosen.is_embedded


def test_every_variant_has_a_folder_of_its_own() -> None:
    names = {
        Variant(suite, profile, channels, thin).name
        for suite, channels, thin in [
            (SUITES["bookworm"], (), False),
            (SUITES["trixie"], (), False),
            (EVERY_SUITE, (FORGE,), False),
            (EVERY_SUITE, (FORGE,), True),
        ]
        for profile in ("minimal", "scientific")
    }
    assert len(names) == 8


def test_an_earlier_lock_is_for_a_package_of_other_channels(tmp_path: Path) -> None:
    lock = tmp_path / "teamhub.lock"
    with pytest.raises(VariantError, match=r"no lock .*teamhub\.lock"):
        choose_variant(None, "minimal", [FORGE], thin=False, lock=lock)
    lock.write_text("")
    assert choose_variant(None, "minimal", [FORGE], thin=False, lock=lock).lock == lock
    with pytest.raises(VariantError, match="what locks/ pins"):
        choose_variant(None, "minimal", [], thin=False, lock=lock)


@pytest.mark.parametrize(
    ("suite", "channels", "thin", "words"),
    [
        (None, [], True, "embedded channel"),
        (None, ["embedded", FORGE], False, "Debian's Python"),
        ("trixie", [FORGE], False, "every suite"),
        (None, ["https://zoe:secret@mirror.example.org/conda"], False, "mirror.example.org"),
        (None, ["https://mirror.example.org/t/secret/conda"], False, "mirror.example.org"),
    ],
)
def test_what_cannot_be_one_package_is_refused(
    suite: str | None, channels: list[str], thin: bool, words: str
) -> None:
    with pytest.raises(VariantError, match=words) as refused:
        choose_variant(suite, "minimal", channels, thin=thin)
    assert "secret" not in str(refused.value)


class TestSpecs:
    """What each environment is asked for."""

    def test_over_debians_python_it_is_the_suites(self) -> None:
        specs = requested_specs(Variant(SUITES["trixie"], "minimal"))
        assert "python 3.13.*" in specs["hub"]
        assert "python 3.13.*" in specs["user"]
        assert "conda" not in specs["user"]

    def test_of_other_channels_people_get_conda_too(self) -> None:
        specs = requested_specs(Variant(EVERY_SUITE, "minimal", (FORGE,)))
        assert "conda" in specs["user"]
        assert "conda" not in specs["hub"]
        assert "python >=3.11" in specs["user"]
