"""`manage.py worker`: one RQ worker, as the node agent starts them."""

from __future__ import annotations

import os
from typing import Any

import django_rq
from django.core.management.base import BaseCommand, CommandParser
from django_rq.workers import get_worker

from studio.agent.worker import StudioWorker
from vision.lifeline import watch_lifeline


class Command(BaseCommand):
    help = "Work off queues until told to stop."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queues", nargs="+")
        parser.add_argument("--name", default=None)

    def handle(self, *args: Any, **options: Any) -> None:
        watch_lifeline()
        queues: list[str] = options["queues"]
        worker = get_worker(
            *queues,
            worker_class=StudioWorker,
            name=f"{options['name'] or queues[0]}-{os.getpid()}",
            job_monitoring_interval=5,
            worker_ttl=60,
            serializer=django_rq.get_queue(queues[0]).serializer,
        )
        worker.work(logging_level="WARNING")
