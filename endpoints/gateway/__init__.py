"""The scoring gateway: checks the key, picks a deployment by traffic, forwards to a healthy model server."""

from endpoints.gateway.score import Answer, score_request

__all__ = ["Answer", "score_request"]
