"""The status words of jobs and trials, the same everywhere."""

from django.db import models


class Status(models.TextChoices):
    QUEUED = "Queued", "Queued"
    PREPARING = "Preparing", "Preparing"
    RUNNING = "Running", "Running"
    FINALIZING = "Finalizing", "Finalizing"
    COMPLETED = "Completed", "Completed"
    STOPPED_EARLY = "StoppedEarly", "Stopped early"
    FAILED = "Failed", "Failed"
    CANCELED = "Canceled", "Canceled"


ACTIVE = (Status.PREPARING, Status.RUNNING, Status.FINALIZING)
ENDED = (Status.COMPLETED, Status.STOPPED_EARLY, Status.FAILED, Status.CANCELED)
