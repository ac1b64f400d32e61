"""The command line: every command with the place of its code, which is loaded when the command is called for.

So a command costs what it needs itself, and not what all of them need together.
"""

import os
import pkgutil
from typing import Final

import click

from lrs import logs

COMMANDS: Final = {
    "compress": "lrs.log_commands:compress",
    "credential": "lrs.credential_commands:credential",
    "dead-letters": "lrs.dead_letter_commands:dead_letters",
    "demo": "lrs.demo_command:demo",
    "load": "lrs.load_command:load_command",
    "migrate": "lrs.migrate_command:migrate_command",
    "outline": "lrs.configuration_commands:outline",
    "relay": "lrs.relay_command:relay",
    "replay": "lrs.rebuild_command:replay_command",
    "replay-file": "lrs.replay_file_command:replay_file",
    "retention": "lrs.log_commands:retention_command",
    "rules": "lrs.configuration_commands:rules",
    "serve": "lrs.serve_command:serve",
    "settings": "lrs.settings_command:settings_command",
    "stats": "lrs.log_commands:stats",
    "worker": "lrs.worker_command:worker",
}


class Commands(click.Group):
    """Those of COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """By name."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """None where there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = pkgutil.resolve_name(COMMANDS[cmd_name])
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="live-lrs")
def main() -> None:
    """A learning record store with live read models: xAPI at /xapi, course pages at /."""
    logs.configure(os.environ.get("LRS_LOG_FORMAT", ""))  # before any command reads its settings
