"""Who needs what kind of care, where the work is, and who is moving."""

from goldenthread.insight.segments.bands import BANDS, Bands
from goldenthread.insight.segments.matrix import (
    COSTED,
    SEGMENTATION,
    SegmentMatrix,
    risk_matrix,
    segment_matrix,
)
from goldenthread.insight.segments.movement import Movement, movement
from goldenthread.insight.segments.shares import Concentration, Shares, concentration, shares
from goldenthread.insight.segments.workload import SERVICES, HeavyUse, Workload, heavy_use, workload

__all__ = [
    "BANDS",
    "COSTED",
    "SEGMENTATION",
    "SERVICES",
    "Bands",
    "Concentration",
    "HeavyUse",
    "Movement",
    "SegmentMatrix",
    "Shares",
    "Workload",
    "concentration",
    "heavy_use",
    "movement",
    "risk_matrix",
    "segment_matrix",
    "shares",
    "workload",
]
