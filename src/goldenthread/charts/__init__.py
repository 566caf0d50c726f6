"""Chart specifications, each with its table twin and one-sentence reading.

Every function takes a ``disclosure.ReleasedTable`` and returns a ``Chart``; nothing else may be drawn.
"""

from importlib.resources import files

from goldenthread.charts.balance import love_plot
from goldenthread.charts.chart import Chart
from goldenthread.charts.control import control_chart
from goldenthread.charts.errors import ChartError
from goldenthread.charts.evaluation_charts import event_study, interrupted_series
from goldenthread.charts.flow import attrition, segment_movement
from goldenthread.charts.funnel import funnel
from goldenthread.charts.gradient import deprivation_gradient
from goldenthread.charts.maps import choropleth
from goldenthread.charts.matrices import bubble_matrix, segment_risk_matrix
from goldenthread.charts.pyramid import population_pyramid
from goldenthread.charts.svg import pattern_defs
from goldenthread.charts.theograph import theograph
from goldenthread.charts.topology import topojson_to_geojson
from goldenthread.charts.trend import trend


def stylesheet() -> str:
    """The style sheet of charts, for a page to serve as a file (drawings carry no style of their own).

    >>> "forced-colors" in stylesheet()
    True
    """
    return files("goldenthread.charts").joinpath("chart.css").read_text(encoding="utf-8")


__all__ = [
    "Chart",
    "ChartError",
    "attrition",
    "bubble_matrix",
    "choropleth",
    "control_chart",
    "deprivation_gradient",
    "event_study",
    "funnel",
    "interrupted_series",
    "love_plot",
    "pattern_defs",
    "population_pyramid",
    "segment_movement",
    "segment_risk_matrix",
    "stylesheet",
    "theograph",
    "topojson_to_geojson",
    "trend",
]
