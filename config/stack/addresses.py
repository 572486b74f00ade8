"""Where a server that listens somewhere is reached from its own machine."""


def reachable_host(host: str) -> str:
    """The name to connect to; a server on all interfaces is reached on the loopback one."""
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host


def local_url(host: str, port: int) -> str:
    name = reachable_host(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
