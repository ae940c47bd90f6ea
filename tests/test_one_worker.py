"""Which tests share a worker."""

import pytest

from tests.one_worker import with_shared_fixtures


@pytest.mark.parametrize(
    ("file", "together"),
    [
        ("tests/tfx_pipeline/gateway/store/test_contract.py", "tests/tfx_pipeline/gateway"),
        ("tests/components/search/judging/test_evaluator.py", "tests/components/search"),
        ("tests/components/rules/test_node.py", "tests/components/rules/test_node.py"),
        ("tests/test_layering.py", "tests/test_layering.py"),
    ],
)
def test_a_folder_with_fixtures_or_else_a_file(pytestconfig: pytest.Config, file: str, together: str) -> None:
    assert with_shared_fixtures(pytestconfig.rootpath, file) == together
