"""The workshop pack: slides and a hand-out that a facilitator takes into the room, made with one click."""
