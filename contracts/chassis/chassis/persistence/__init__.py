"""Documents of a service: unit of work, typed collections, leases, and the only importer of a Mongo driver."""
