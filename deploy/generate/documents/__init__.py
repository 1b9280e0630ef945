"""Documents of the interfaces: OpenAPI for each service, AsyncAPI for the events between them."""
