"""
The protocol as documents for tools: OpenAPI of the HTTP APIs, AsyncAPI of the WebSocket API.

They are made of what runs: the routes that the handlers declare, and the models that they read and answer with.
`python -m tests.documents` writes them to `docs/`.
"""
