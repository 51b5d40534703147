"""What all unit tests have in common."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# No figure is a condition of a test: the same example takes 20 ms or half a second, as the machine
# has other work.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")
