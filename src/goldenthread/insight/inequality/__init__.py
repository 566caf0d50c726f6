"""Who gets less, who fares worse, by how much, and whether it is changing."""

from goldenthread.insight.inequality.core20 import Core20, core20plus5
from goldenthread.insight.inequality.errors import InequalityError
from goldenthread.insight.inequality.gradient import Inequality, inequality
from goldenthread.insight.inequality.groups import Group, core20plus5_of, groups_of
from goldenthread.insight.inequality.naming import spoken, title_of, within
from goldenthread.insight.inequality.outcomes import Outcome, outcome_of
from goldenthread.insight.inequality.places import LEVELS, Places, places
from goldenthread.insight.inequality.standing import standing_policy
from goldenthread.insight.inequality.tables import records
from goldenthread.insight.inequality.trend import Trend, trend, trend_ready

__all__ = [
    "LEVELS",
    "Core20",
    "Group",
    "Inequality",
    "InequalityError",
    "Outcome",
    "Places",
    "Trend",
    "core20plus5",
    "core20plus5_of",
    "groups_of",
    "inequality",
    "outcome_of",
    "places",
    "records",
    "spoken",
    "standing_policy",
    "title_of",
    "trend",
    "trend_ready",
    "within",
]
