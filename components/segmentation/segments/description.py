"""What a segment is like, in words: what its users buy, how often, and what sets them apart."""

from collections.abc import Mapping, Sequence
from typing import Any

_KINDS = 3
# Between these parts of the mean of all, a number is said to be about that mean.
_LESS, _MORE = 0.9, 1.1


def with_descriptions(profiles: Mapping[str, Mapping[str, Any]], period_days: float) -> dict[str, dict[str, Any]]:
    """Returns profiles with a `description` each, which says nothing but what the profiles say.

    Args:
        profiles: As `components.segmentation.segments.profiles.segment_profiles` returns them.
        period_days: Days that visits and spend are counted over.
    """
    every = sum(profile["users"] for profile in profiles.values())
    means = {
        name: sum(profile["users"] * profile[name] for profile in profiles.values()) / max(every, 1)
        for name in ("visits", "spend", "days_since_last")
    }
    return {
        name: {**profile, "description": describe(profile, means, period_days)} for name, profile in profiles.items()
    }


def describe(profile: Mapping[str, Any], means: Mapping[str, float], period_days: float) -> str:
    """Describes a segment.

    Args:
        profile: Its profile.
        means: Mean `visits`, `spend` and `days_since_last` of all users.
        period_days: Days that visits and spend are counted over.
    """
    often = (
        f"In {period_days:g} days they come {profile['visits']:.1f} times ({_beside(profile, means, 'visits')}) and "
        f"spend {profile['spend']:,.2f} ({_beside(profile, means, 'spend')}); the last time was "
        f"{profile['days_since_last']:.0f} days ago ({means['days_since_last']:.0f} for all)."
    )
    apart = [each for each in profile["kinds"] if each["lift"] > _MORE][:_KINDS]
    if not apart:
        return f"Nothing that they buy sets them apart. {often}"
    return f"More of them than of all users buy {_listed([_kind(each) for each in apart])}. {often}"


def _kind(kind: Mapping[str, Any]) -> str:
    return f"{kind['kind']} ({kind['share']:.0%} of them, {kind['lift']:.1f} times as many)"


def _beside(profile: Mapping[str, Any], means: Mapping[str, float], name: str) -> str:
    if means[name] <= 0.0:
        return "as all do"
    part = profile[name] / means[name]
    return "about as all do" if _LESS <= part <= _MORE else f"{part:.1f} times as much as all"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
