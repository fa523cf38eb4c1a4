from jobs.models.job import Job
from jobs.models.metric import MetricPoint, TrialLogChunk
from jobs.models.node import Node
from jobs.models.status import Status
from jobs.models.trial import Trial

__all__ = ["Job", "MetricPoint", "Node", "Status", "Trial", "TrialLogChunk"]
