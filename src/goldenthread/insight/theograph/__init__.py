"""One pseudonymous person's contact with all services over time: the theograph, and what it says."""

from goldenthread.insight.theograph.events import RESTRICTED, Event
from goldenthread.insight.theograph.story import LANES, Story, story_of

__all__ = ["LANES", "RESTRICTED", "Event", "Story", "story_of"]
