"""Files that arrive by the tus protocol: in pieces, over any number of connections, each byte once.

The database says how much of a file is safe; the bytes lie under `STUDIO_HOME/transfers`. What is asked without a body
(create, offset, delete) is REST (`datasets.api_transfers`); bodies are streamed past Django (`asgi`).
"""
