"""What all tests share: no test fails because a machine is slow."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile(
    "anywhere", settings.get_profile(settings.get_current_profile_name()), deadline=None
)
settings.load_profile("anywhere")
