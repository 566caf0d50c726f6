"""Immutable, versioned snapshots of the pseudonymised store, and the engines that read them."""
