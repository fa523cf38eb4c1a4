from django.http import HttpRequest, HttpResponse


def compute(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
