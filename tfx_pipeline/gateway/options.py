"""What a configuration says of the gateway."""

from typing import Annotated, Literal

from pydantic import Field

from trainer.options import Options

Role = Literal["events", "read", "delete"]


class ApiKey(Options):
    """Somebody who may ask.

    Attributes:
        name: Who it is, for logs and metrics.
        sha256: SHA-256 of the key, as 64 hexadecimal digits; the key itself is written nowhere.
        roles: What it may do: `events` (send events and feedback), `read` (ask) and `delete` (forget and export users).
        requests_per_second: Requests a second that it may send in the long run; a second's worth may come at once.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    roles: tuple[Role, ...] = ("events", "read")
    requests_per_second: float = Field(1000.0, gt=0.0)


class OtherVersion(Options):
    """A version of the models that some users get.

    Attributes:
        label: The version's label, as the model server's configuration gives it; empty for none.
        share: Share of the users, chosen by a stable hash.
    """

    label: str = ""
    share: float = Field(0.5, ge=0.0, le=1.0)


class GatewayOptions(Options):
    """The HTTP service in front of the models: what it keeps of users, who may ask, what it tries out.

    Attributes:
        store: Where users' last events live: `sqlite`, in the run's folder, or the URL of a Redis, such as
            `redis://redis:6379/0`, for several gateways.
        durability: When an event counts as kept: `always` (it outlives a loss of power) or `every_second` (a loss of
            power may take the last second; a crash takes nothing). A Redis has to be set up accordingly.
        history: Latest events of a user that are kept for answers, and as many of what was shown.
        retention_days: After how many days events leave the store and the log.
        log_seconds: How often what happened is written to the log's Parquet files.
        outcome_minutes: How long after something was shown an event of its product counts as its outcome.
        timeout_seconds: How long a model may take.
        explore: Share of the answers that give one place to a product or offer drawn by Thompson sampling.
        keys: Who may ask; without any, only this machine may.
        other_version: A version that is compared with the newest one; none by default.
        certificate: File with the certificate for TLS; none speaks plain HTTP.
        certificate_key: File with its key.
    """

    store: Annotated[str, Field(pattern=r"^(sqlite|rediss?://.+|unix://.+)$")] = "sqlite"
    durability: Literal["always", "every_second"] = "always"
    history: int = Field(512, ge=1, le=10_000)
    retention_days: float = Field(400.0, gt=0.0)
    log_seconds: float = Field(300.0, gt=0.0)
    outcome_minutes: float = Field(30.0, ge=0.0)
    timeout_seconds: float = Field(2.0, gt=0.0)
    explore: float = Field(0.0, ge=0.0, le=1.0)
    keys: tuple[ApiKey, ...] = ()
    other_version: OtherVersion = OtherVersion()
    certificate: str = ""
    certificate_key: str = ""
