"""`python -m tests.chaos.seed FOLDER`: the demo's world in an empty database; prints the token of its cameras."""

import os
import sys
from pathlib import Path

import django


def main(folder: Path) -> None:
    """Make it, and say the token."""
    django.setup()
    from config.demo.world import ensure_world

    print(ensure_world(folder).feeder_token)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main(Path(sys.argv[1]))
