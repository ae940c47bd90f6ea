"""Which tests run in one worker of pytest-xdist: those of a file, and those of a folder that shares fixtures."""

from pathlib import Path, PurePosixPath

from xdist.scheduler.loadfile import LoadFileScheduling


class OneWorkerForFixtures(LoadFileScheduling):
    """Gives a folder with a conftest.py to one worker: models that its tests share are made once, not once a worker."""

    def _split_scope(self, nodeid: str) -> str:
        return with_shared_fixtures(self.config.rootpath, super()._split_scope(nodeid))


def with_shared_fixtures(root: Path, file: str) -> str:
    """Returns the folder whose conftest.py the tests of a file share, or else the file."""
    for folder in PurePosixPath(file).parents:
        # What stands in tests/conftest.py is for everybody.
        if len(folder.parts) > 1 and (root / folder / "conftest.py").exists():
            return str(folder)
    return file
