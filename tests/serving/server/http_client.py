"""What asks a server's REST port."""

import atexit

import httpx

# One client for all: each would read the system's certificates, which takes longer than most tests.
HTTP = httpx.Client(verify=False, timeout=30.0)
# Its connections outlive the servers, and Python complains of those that are open when it ends.
atexit.register(HTTP.close)
