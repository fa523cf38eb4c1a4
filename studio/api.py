from ninja import NinjaAPI

api = NinjaAPI(title="Darkroom", version="1", docs_url=None)
