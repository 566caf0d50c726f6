"""What browsers load: our own style and scripts, and packages from npm, fetched and checked by `build`."""
