"""What asks a server's REST port."""

import httpx

# One client for all: each would read the system's certificates, which takes longer than most tests.
HTTP = httpx.Client(verify=False, timeout=30.0)
