"""API Gateway, locally: WebSocket APIs with @connections, HTTP APIs, and the server that joins them with the rest."""
