"""What a page answers when what it shows is not there (yet)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from vision.errors import ConflictError, NotFoundError

View = Callable[..., HttpResponseBase]


def guard_page(view: View) -> View:
    """Names that lead nowhere are a 404; what an unfinished version cannot show leads to its overview."""

    @wraps(view)
    def guarded(request: HttpRequest, name: str, *args: object, **options: object) -> HttpResponseBase:
        try:
            return view(request, name, *args, **options)
        except NotFoundError as error:
            raise Http404(str(error)) from error
        except ConflictError:
            return redirect("datasets:detail", name)

    return guarded
