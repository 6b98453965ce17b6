"""Where an object store is: bucket and prefix, endpoint, region and keys."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from trivium.errors import Misuse

KNOWN = ("endpoint", "region", "allow_http")
SECRETS = {
    "access_key_id": "AWS_ACCESS_KEY_ID",
    "secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
}


class ObjectAddress(Struct, frozen=True):
    """A prefix in a bucket, and how its store is reached. `secrets` are never shown."""

    bucket: str
    prefix: str
    endpoint: str
    region: str
    allow_http: bool
    secrets: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"ObjectAddress({self.url!r})"

    @property
    def url(self) -> str:
        """The address as engines take it."""
        return "/".join(("s3:/", self.bucket, *([self.prefix] if self.prefix else [])))

    @property
    def shown(self) -> str:
        """The address as people are told it."""
        return f"{self.url} at {self.endpoint}" if self.endpoint else self.url

    @property
    def options(self) -> dict[str, str]:
        """Endpoint, region and keys, by the names that object-store libraries share."""
        options = {"region": self.region, **self.secrets}
        return options | ({"endpoint": self.endpoint} if self.endpoint else {})

    def below(self, folder: str) -> ObjectAddress:
        """The same store, one folder deeper."""
        return ObjectAddress(
            self.bucket,
            f"{self.prefix}/{folder}" if self.prefix else folder,
            self.endpoint,
            self.region,
            self.allow_http,
            self.secrets,
        )


def parse_object_address(url: str, environ: Mapping[str, str]) -> ObjectAddress:
    """The address in a setting such as `s3://bucket/prefix?endpoint=http://127.0.0.1:9000`; the rest from AWS_*.

    Raises Misuse for anything else, and for keys in the URL, which would end up in files and logs.
    """
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise Misuse("Keys do not belong into the storage's URL; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = [name for name in options if name not in KNOWN]
    prefix = parts.path.strip("/")
    if parts.scheme != "s3" or not parts.netloc or unknown or not _is_plain(prefix):
        raise Misuse(
            f"{url!r} is no storage: write s3://bucket/prefix, with ?endpoint=, &region= and &allow_http= when needed, "
            "or the path of a folder."
        )
    endpoint = options.get("endpoint") or environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or ""
    region = options.get("region") or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    allow = options.get("allow_http") or environ.get("AWS_ALLOW_HTTP") or str(_is_here(endpoint))
    if endpoint.startswith("http://") and allow.lower() not in ("true", "1"):
        raise Misuse(f"{endpoint} is not encrypted; add &allow_http=true to the storage's URL to use it all the same.")
    secrets = {name: environ[variable] for name, variable in SECRETS.items() if environ.get(variable)}
    return ObjectAddress(parts.netloc, prefix, endpoint, region, endpoint.startswith("http://"), secrets)


def _is_plain(prefix: str) -> bool:
    parts = prefix.split("/") if prefix else []
    return all(part not in ("", ".", "..") and "%" not in part and part.isprintable() for part in parts)


def _is_here(endpoint: str) -> bool:
    return urlsplit(endpoint).hostname in ("127.0.0.1", "::1", "localhost")
