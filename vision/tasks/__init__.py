"""One object per task type: what the one training loop does not know by itself."""

from vision.tasks.base import Evaluation, Task, make_task

__all__ = ["Evaluation", "Task", "make_task"]
