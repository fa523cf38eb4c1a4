"""Imported in the template of the lanes before any is forked."""

from endpoints.model_server.following import leave_signals
from vision.interpreter import import_torchvision, importing

with importing():
    import_torchvision()
    import vision.inference.classification
    import vision.inference.detection  # noqa: F401

leave_signals()  # it ends with the process that started it, as multiprocessing sees to
