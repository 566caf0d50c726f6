"""Fair comparison: did it work, for whom, and how sure are we."""

from goldenthread.evaluation.balance import balance_table, largest_difference
from goldenthread.evaluation.baselines import (
    Clustering,
    PanelBaseline,
    ProportionBaseline,
    RateBaseline,
    RolloutBaseline,
    SeriesBaseline,
)
from goldenthread.evaluation.comparison import MatchedComparison, compare
from goldenthread.evaluation.control_chart import control_chart
from goldenthread.evaluation.criteria import Criterion, Level, judge
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
from goldenthread.evaluation.its import SeriesResult, interrupted_time_series
from goldenthread.evaluation.matching import Matches, match
from goldenthread.evaluation.page import Bullets, Heading, Page, Paragraph, Table, evaluation_page, headline
from goldenthread.evaluation.panel import Panel
from goldenthread.evaluation.people_page import evaluation_of
from goldenthread.evaluation.power import Detectable, SampleSize, minimum_detectable_effect, sample_size
from goldenthread.evaluation.propensity import Propensity, propensity_score
from goldenthread.evaluation.render import to_html, to_markdown, to_text
from goldenthread.evaluation.result import Annex, BeforeAfter, Check, CriterionResult, Evaluation, GroupResult
from goldenthread.evaluation.rollout import RolloutResult, stepped_rollout
from goldenthread.evaluation.staggered import StaggeredResult, staggered_difference_in_differences
from goldenthread.evaluation.study import Outcome, Study
from goldenthread.evaluation.synthetic import (
    PanelResult,
    placebo_in_time,
    synthetic_control,
    synthetic_difference_in_differences,
)
from goldenthread.evaluation.synthetic import difference_in_differences as place_difference_in_differences
from goldenthread.evaluation.weighting import (
    effective_sample_size,
    entropy_weights,
    inverse_probability_weights,
)
from goldenthread.evaluation.words import effect_words, result_words

__all__ = [
    "Annex",
    "Arms",
    "BeforeAfter",
    "Bullets",
    "Check",
    "Clustering",
    "Criterion",
    "CriterionResult",
    "Detectable",
    "Effect",
    "Evaluation",
    "EvaluationError",
    "GroupResult",
    "Heading",
    "Level",
    "MatchedComparison",
    "Matches",
    "Outcome",
    "Page",
    "Panel",
    "PanelBaseline",
    "PanelResult",
    "Paragraph",
    "Propensity",
    "ProportionBaseline",
    "RateBaseline",
    "Refusal",
    "RolloutBaseline",
    "RolloutResult",
    "SampleSize",
    "SeriesBaseline",
    "SeriesResult",
    "StaggeredResult",
    "Study",
    "Table",
    "arms",
    "balance_table",
    "benjamini_hochberg",
    "compare",
    "control_chart",
    "difference_in_differences",
    "e_value",
    "effect_words",
    "effective_sample_size",
    "entropy_weights",
    "evaluation_of",
    "evaluation_page",
    "headline",
    "holm",
    "interrupted_time_series",
    "inverse_probability_weights",
    "judge",
    "largest_difference",
    "match",
    "mean_difference",
    "minimum_detectable_effect",
    "place_difference_in_differences",
    "placebo_in_time",
    "propensity_score",
    "rate_effects",
    "result_words",
    "sample_size",
    "staggered_difference_in_differences",
    "stepped_rollout",
    "synthetic_control",
    "synthetic_difference_in_differences",
    "to_html",
    "to_markdown",
    "to_text",
]
