"""Training on real photographs, from real pretrained weights."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.vision.training.runs import PARAMETERS
from vision.data.prepare import DataFacts
from vision.spec.resolve import Machine, resolve_parameters
from vision.training.event_log import read_events
from vision.training.launch import training_command, training_environment
from vision.training.run_document import RunDocument
