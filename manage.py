#!/usr/bin/env python3
"""The one entry point: `python3 manage.py up`, `python3 manage.py test`, and every other command.

Needs Python 3.11 or newer and nothing else: the first start builds `.venv` from the hash-locked requirements.lock.
SCRM_BOOTSTRAP=0 uses the Python that runs this file, as it is.
"""

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent


def main() -> None:
    """Enter the virtual environment, then run the command."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever has an older Python meets this line first
        sys.exit(f"scrm: Python 3.11 or newer is needed, this is {sys.version.split()[0]}.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings")
    from scrm.bootstrap import enter_environment

    enter_environment(sys.argv[1:])
    if sys.argv[1:2] == ["test"]:
        from scrm.management.commands.test import run_pytest

        run_pytest(sys.argv[2:])
    _find_the_system(sys.argv[1:])
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def _find_the_system(arguments: list[str]) -> None:
    """`up` claims its place before anything is loaded; every other command joins the system that runs, if one does."""
    from scrm import launch

    if arguments[:1] == ["up"]:
        launch.CLAIMED = launch.claim(arguments[1:])
    else:
        launch.join_running()


if __name__ == "__main__":
    main()
