"""The profile of a place: who lives there, what they have, where the work comes from, and what stands out from places like it."""

from goldenthread.insight.profile.areas import BOUNDARY_KEYS, areas_of, boundaries_of
from goldenthread.insight.profile.candidates import CandidateCohort
from goldenthread.insight.profile.contents import Counted
from goldenthread.insight.profile.determinants import Determinant
from goldenthread.insight.profile.errors import ProfileError
from goldenthread.insight.profile.figures import Figure
from goldenthread.insight.profile.findings import Finding, Link
from goldenthread.insight.profile.headline import Target
from goldenthread.insight.profile.making import Profile, profile
from goldenthread.insight.profile.neighbours import Comparator, Neighbour
from goldenthread.insight.profile.people import Growth
from goldenthread.insight.profile.pressures import Pressure
from goldenthread.insight.profile.telling import figure_json, finding_json, profile_json

__all__ = [
    "BOUNDARY_KEYS",
    "CandidateCohort",
    "Comparator",
    "Counted",
    "Determinant",
    "Figure",
    "Finding",
    "Growth",
    "Link",
    "Neighbour",
    "Pressure",
    "Profile",
    "ProfileError",
    "Target",
    "areas_of",
    "boundaries_of",
    "figure_json",
    "finding_json",
    "profile",
    "profile_json",
]
