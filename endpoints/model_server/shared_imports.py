"""Imported in the template of the lanes before any is forked."""

import torchvision  # noqa: F401

import vision.inference.classification
import vision.inference.detection  # noqa: F401
from endpoints.model_server.following import leave_signals

leave_signals()  # it ends with the process that started it, as multiprocessing sees to
