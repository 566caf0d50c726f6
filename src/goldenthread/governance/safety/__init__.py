"""The safety pack: hazard log, impact assessment, record of processing and privacy notice, from the registers as they stand."""

from goldenthread.governance.safety.hazards import Control, Hazard, hazards
from goldenthread.governance.safety.pack import write_safety_pack

__all__ = ["Control", "Hazard", "hazards", "write_safety_pack"]
