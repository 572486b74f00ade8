"""Commerce over HTTP: parse, call a service, serialise."""
