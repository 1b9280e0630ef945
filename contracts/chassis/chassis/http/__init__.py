"""The HTTP edge: endpoint context, middleware, problem documents, pagination, OpenAPI."""
