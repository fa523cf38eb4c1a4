"""Every state word with its icon and colour: jobs and trials, dataset versions, deployments, model servers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StatusLook:
    """`tone` is one of the colour tokens: queued, active, good, warning, bad, quiet."""

    label: str
    icon: str
    tone: str

    @property
    def is_active(self) -> bool:
        return self.tone == "active"


LOOKS = {
    "Queued": StatusLook("Queued", "clock", "queued"),
    "Preparing": StatusLook("Preparing", "loader-2", "active"),
    "Running": StatusLook("Running", "player-play", "active"),
    "Finalizing": StatusLook("Finalizing", "loader-2", "active"),
    "Completed": StatusLook("Completed", "circle-check", "good"),
    "StoppedEarly": StatusLook("Stopped early", "player-stop", "warning"),
    "Failed": StatusLook("Failed", "alert-circle", "bad"),
    "Canceled": StatusLook("Canceled", "ban", "quiet"),
    "importing": StatusLook("Importing", "loader-2", "active"),
    "ready": StatusLook("Ready", "circle-check", "good"),
    "failed": StatusLook("Failed", "alert-circle", "bad"),
    "Creating": StatusLook("Creating", "loader-2", "active"),
    "Updating": StatusLook("Updating", "loader-2", "active"),
    "Succeeded": StatusLook("Succeeded", "circle-check", "good"),
    "Deleting": StatusLook("Deleting", "trash", "quiet"),
    "pending": StatusLook("Pending", "clock", "queued"),
    "starting": StatusLook("Starting", "loader-2", "active"),
    "healthy": StatusLook("Healthy", "circle-check", "good"),
    "unhealthy": StatusLook("Unhealthy", "alert-triangle", "warning"),
}


def look_of(status: str) -> StatusLook:
    return LOOKS.get(status) or StatusLook(status or "Unknown", "point", "quiet")
