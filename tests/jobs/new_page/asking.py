"""What the page is sent and what it answers."""

from __future__ import annotations

from django.test import Client

from jobs.forms import JobForm


def names_of(form: JobForm) -> set[str]:
    return {field.parameter.name for field in form.fields}


def post(client: Client, action: str, document: str, shown: str | None = None, **fields: str):
    data = {name.replace("__", "."): value for name, value in fields.items()}
    shown = document if shown is None else shown
    return client.post("/jobs/new/", {**data, "document": document, "document_shown": shown, "action": action})


def text_of(response) -> str:
    return response.context["form"].text
