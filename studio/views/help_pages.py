from django.http import HttpRequest, HttpResponse


def index(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def parameters(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def api_docs(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
