"""Ask: how many people, who they are, what to ask next, and what changed since."""
