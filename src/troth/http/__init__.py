"""The HTTP API: operations as values, from which both the routes and the published OpenAPI document are made."""
