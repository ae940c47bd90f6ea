"""How the gateway refuses."""


class Refused(Exception):
    """A request that is not answered.

    Args:
        status: HTTP status.
        words: What was expected, what came, and what to do.
        retry_seconds: After how many seconds it may go better; 0 where waiting does not help.
    """

    def __init__(self, status: int, words: str, retry_seconds: int = 0) -> None:
        super().__init__(words)
        self.status, self.words, self.retry_seconds = status, words, retry_seconds
