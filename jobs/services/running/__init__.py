"""Running one attempt of a trial on this machine."""

from jobs.services.running.runner import run_attempt

__all__ = ["run_attempt"]
