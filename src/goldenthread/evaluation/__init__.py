"""Fair comparison: did it work, for whom, and how sure are we."""

from goldenthread.evaluation.balance import balance_table, largest_difference
from goldenthread.evaluation.comparison import MatchedComparison, compare
from goldenthread.evaluation.effect import Effect
from goldenthread.evaluation.effects import (
    Arms,
    arms,
    difference_in_differences,
    mean_difference,
    rate_effects,
)
from goldenthread.evaluation.errors import EvaluationError, Refusal
from goldenthread.evaluation.honesty import benjamini_hochberg, e_value, holm
from goldenthread.evaluation.matching import Matches, match
from goldenthread.evaluation.people_page import evaluation_of
from goldenthread.evaluation.propensity import Propensity, propensity_score
from goldenthread.evaluation.study import Outcome, Study
from goldenthread.evaluation.weighting import (
    effective_sample_size,
    entropy_weights,
    inverse_probability_weights,
)

__all__ = [
    "Arms",
    "Effect",
    "EvaluationError",
    "MatchedComparison",
    "Matches",
    "Outcome",
    "Propensity",
    "Refusal",
    "Study",
    "arms",
    "balance_table",
    "benjamini_hochberg",
    "compare",
    "difference_in_differences",
    "e_value",
    "effective_sample_size",
    "entropy_weights",
    "evaluation_of",
    "holm",
    "inverse_probability_weights",
    "largest_difference",
    "match",
    "mean_difference",
    "propensity_score",
    "rate_effects",
]
