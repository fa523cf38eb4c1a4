"""What a finished run leaves behind.

Source: SPEC §8.1.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
