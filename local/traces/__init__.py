"""A door for traces (OTLP over HTTP, in JSON, as X-Ray's endpoint takes them), and how they are shown."""
