"""Which server addresses are safe to send prompts and keys to. No I/O: names are not looked up."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx


def normal_base_url(url: str, api: str, *, private: bool) -> str:
    """`url` without trailing slash, in the form that the wire format's paths follow.

    Google's paths follow a version, Anthropic's bring their own: either spelling is understood.

    Raises:
        ValueError: not http(s), a name, password, query or fragment in it, or plain http to a
            place that neither looks private nor is said to be.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("should be an address such as https://api.example.com/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("should be scheme, host and path only; keys go into api_key")
    if parts.scheme == "http" and not private and not is_private_host(url):
        raise ValueError("plain http sends prompts and keys in clear: use https, or say private: true")
    plain = url.rstrip("/")
    if api == "gemini" and not parts.path.strip("/"):
        return f"{plain}/v1beta"
    return plain.removesuffix("/v1") if api == "anthropic" else plain


def host_of(url: str) -> str:
    """Host and port as calls carry them: without a port that goes without saying."""
    return httpx.URL(url).netloc.decode()


def is_private_host(url: str) -> bool:
    """The host is localhost, or a loopback or private address written as numbers."""
    host = (urlsplit(url).hostname or "").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or (address.is_private and not address.is_link_local)
