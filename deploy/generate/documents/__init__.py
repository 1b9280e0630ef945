"""The documents that describe the interfaces: OpenAPI for each service, AsyncAPI for what is said between them."""
