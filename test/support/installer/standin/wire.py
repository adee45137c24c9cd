"""HTTP and HTTPS as the installer's own client speaks it: 200 and 201 only, 301 to 303 repeated as GET, no retry, 60 s.

With a fingerprint the certificate must have it, and nothing else of it is looked at; without one it must lead to an
issuer that the system knows, of which this one knows none.
"""

import binascii
import hashlib
import re
import socket
import ssl
import time
import zlib

TIMEOUT_SECONDS = 60
REDIRECTS_MAX = 10
BODY_MAX = 10 * 1024 * 1024
URL = re.compile(r"(https?)://(?:([^@/]*)@)?([^/:?#@]+)(?::(\d+))?([^#]*)")


class HttpError(Exception):
    """What went wrong, in one line; `body` is what the server said to it."""

    def __init__(self, message, body=""):
        super().__init__(message)
        self.body = body


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body


def request(method, url, headers, body=b"", any_success=False, fingerprint=None):
    """`any_success`: installers up to 9.1 took every 2xx. `fingerprint`: SHA-256 in hex, colons optional."""
    if fingerprint is not None and not re.fullmatch(r"([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}", fingerprint):
        raise HttpError(f"the fingerprint is not one: {fingerprint!r}")
    deadline = time.monotonic() + TIMEOUT_SECONDS
    for _ in range(REDIRECTS_MAX):
        response = exchange(method, url, headers, body, deadline, fingerprint)
        if response.status not in (301, 302, 303):
            break
        url = absolute(response.headers.get("location", ""), url)
        method, body = "GET", b""
    taken = 200 <= response.status < 300 if any_success else response.status in (200, 201)
    if method == "GET" and not headers.get("content-type"):
        # The first-boot download is content with everything below 400.
        taken = response.status < 400
    if not taken:
        raise HttpError(f"http status: {response.status}", response.body.decode("utf-8", "replace"))
    return response


def absolute(location, base):
    if location.startswith("/"):
        return re.match(r"https?://[^/]*", base)[0] + location
    return location


def exchange(method, url, headers, body, deadline, fingerprint):
    match = URL.fullmatch(url)
    if match is None or re.search(r"\s", url):
        raise HttpError(f"expected an http:// or https:// URL without blanks, got {url!r}")
    scheme, credentials, host, port, path = match.groups()
    if not path.startswith("/"):
        path = "/" + path
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}" + (f":{port}" if port else "")]
    lines += [f"{name}: {value}" for name, value in headers.items() if body or name != "content-type"]
    if credentials:
        lines.append("authorization: Basic " + binascii.b2a_base64(credentials.encode(), newline=False).decode())
    if body:
        lines.append(f"content-length: {len(body)}")
    try:
        with connect(scheme, host, port, deadline, fingerprint) as connection:
            connection.settimeout(left(deadline))
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            with connection.makefile("rb") as stream:
                return read_response(stream, connection, deadline)
    except (OSError, ValueError, zlib.error) as error:
        raise HttpError(f"{method} {host}: {error}") from error


def connect(scheme, host, port, deadline, fingerprint):
    plain = socket.create_connection((host, int(port or (443 if scheme == "https" else 80))), left(deadline))
    if scheme == "http":
        return plain
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if fingerprint is not None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        secure = context.wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise
    if fingerprint is not None:
        found = hashlib.sha256(secure.getpeercert(binary_form=True)).hexdigest()
        if found != fingerprint.replace(":", "").lower():
            secure.close()
            raise ValueError(f"the certificate's fingerprint is {found}, wanted {fingerprint}")
    return secure


def left(deadline):
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("no answer within 60 s")
    return seconds


def read_response(stream, connection, deadline):
    status_line = stream.readline(65536).decode("latin-1").split(" ", 2)
    if len(status_line) < 2 or not status_line[0].startswith("HTTP/1."):
        raise ValueError("this is not HTTP")
    headers = {}
    while (line := stream.readline(65536).decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    status = int(status_line[1])
    if status in (204, 304):
        body = b""
    elif headers.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while size := int(stream.readline(1024).split(b";")[0], 16):
            connection.settimeout(left(deadline))
            body += stream.read(size)
            stream.readline(16)
    elif "content-length" in headers:
        wanted = min(int(headers["content-length"]), BODY_MAX)
        body = stream.read(wanted)
        if len(body) < wanted:
            raise ValueError(f"the body ended after {len(body)} of {wanted} octets")
    else:
        body = stream.read(BODY_MAX)
    if headers.get("content-encoding") == "gzip":
        body = zlib.decompress(body, 31)
    return Response(status, headers, body)
