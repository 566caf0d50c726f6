"""Synthetic Lincolnshire: writes raw feeds, and nothing else knows it exists."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goldenthread.demo.calibration import CalibrationReport, Figure, calibration_report
    from goldenthread.demo.making import DemoSummary, generate
    from goldenthread.demo.population import DemoError

__all__ = ["CalibrationReport", "DemoError", "DemoSummary", "Figure", "calibration_report", "generate"]

_HOMES = {
    "CalibrationReport": "calibration",
    "Figure": "calibration",
    "calibration_report": "calibration",
    "DemoSummary": "making",
    "generate": "making",
    "DemoError": "population",
}


def __getattr__(name: str) -> Any:
    """Fetch a public name when it is first used: every command passes here, and few of them make people."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
