#!/usr/bin/env python
"""Darkroom's command line: `manage.py up`, `manage.py agent`, and Django's own commands."""

import os
import sys

NEEDED = (3, 11)


def main():
    if sys.version_info < NEEDED:
        sys.exit(
            "Darkroom needs Python 3.11 or newer, and this is %d.%d. Set PYTHON to a newer one: make run PYTHON=python3.12"
            % sys.version_info[:2]
        )
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
    from studio.home import HomeError, check_home

    try:
        check_home()
    except HomeError as error:
        sys.exit(str(error))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
