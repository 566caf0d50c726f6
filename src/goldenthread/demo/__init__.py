"""Synthetic Lincolnshire: writes raw feeds, and nothing else knows it exists."""

from goldenthread.demo.calibration import CalibrationReport, Figure, calibration_report
from goldenthread.demo.generate import DemoSummary, generate
from goldenthread.demo.population import DemoError

__all__ = ["CalibrationReport", "DemoError", "DemoSummary", "Figure", "calibration_report", "generate"]
