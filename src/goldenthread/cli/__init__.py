"""The `goldenthread` command."""

# Each of these adds its commands to the app.
import goldenthread.cli.ask
import goldenthread.cli.audit
import goldenthread.cli.codes
import goldenthread.cli.definitions
import goldenthread.cli.doctor
import goldenthread.cli.duties
import goldenthread.cli.feeds
import goldenthread.cli.governance
import goldenthread.cli.home
import goldenthread.cli.inequality
import goldenthread.cli.initiative
import goldenthread.cli.initiative_after
import goldenthread.cli.insight
import goldenthread.cli.keys
import goldenthread.cli.need
import goldenthread.cli.population
import goldenthread.cli.profile
import goldenthread.cli.snapshots
import goldenthread.cli.vault  # noqa: F401
from goldenthread.cli.app import app, main

__all__ = ["app", "main"]
