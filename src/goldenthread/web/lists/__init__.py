"""Lists: asked for, allowed by the practice, worked to an outcome, and closed. The only pages on which somebody can be identified."""
