#!/usr/bin/env python
"""Darkroom's command line: `manage.py up`, `manage.py agent`, and Django's own commands."""

import os
import sys

NEEDED = (3, 11)


def main() -> None:
    if sys.version_info < NEEDED:
        version = ".".join(map(str, sys.version_info[:2]))
        sys.exit(
            "Darkroom needs Python 3.11 or newer, and this is " + version + ". "
            "Name a newer one with PYTHON: make run PYTHON=python3.12"
        )
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
    from studio.home import HomeError, check_home

    try:
        check_home()
    except HomeError as error:
        sys.exit(str(error))
    from vision.interpreter import importing

    with importing():
        import django
        from django.core.management import execute_from_command_line

        django.setup()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
