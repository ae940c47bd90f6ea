"""Some users get another version, always the same ones, of the models that have one."""

import shutil
from pathlib import Path

from serving.server.background import server_thread
from serving.server.models.model_config import ModelConfig
from serving.server.models.version_policy import All
from serving.server.settings import ServerSettings
from tests.tfx_pipeline.gateway.conftest import SHOP
from tests.tfx_pipeline.gateway.running import running_gateway
from tfx_pipeline.gateway.options import GatewayOptions, OtherVersion
from tfx_pipeline.gateway.user_keys import UserKeys, share_of


def test_a_share_of_the_users_gets_the_version_of_a_label(tmp_path: Path, exported: Path) -> None:
    for version in ("3", "4"):
        shutil.copytree(exported, tmp_path / "recommendation" / version)
    labelled = ModelConfig(base_path=tmp_path / "recommendation", policy=All(), labels={"old": 3})
    settings = ServerSettings(port=0, allow_labels_for_unavailable=True)
    options = GatewayOptions(timeout_seconds=20.0, other_version=OtherVersion(label="old", share=0.3))
    with (
        server_thread({"recommendation": labelled}, settings) as addresses,
        running_gateway(tmp_path / "gateway", addresses.grpc, options, SHOP, key="k") as gateway,
    ):
        found = {
            user: gateway.get(f"/users/{user}/recommendations", k=1).json()["version"] for user in map(str, range(24))
        }
        assert gateway.get("/users/0/recommendations", k=1).json()["version"] == found["0"]
        assert gateway.get("/users/1/segments").status_code == 404
    keys = UserKeys("k")
    assert found == {user: 3 if share_of(keys.of(user), "version") < 0.3 else 4 for user in found}
    assert set(found.values()) == {3, 4}


def test_shares_are_even_and_do_not_hang_together() -> None:
    users = [f"u{number}" for number in range(4000)]
    first, second = ([share_of(user, purpose) < 0.3 for user in users] for purpose in ("version", "other"))
    assert abs(sum(first) / 4000 - 0.3) < 0.025
    both = sum(one and other for one, other in zip(first, second, strict=True))
    assert abs(both / 4000 - 0.09) < 0.02
