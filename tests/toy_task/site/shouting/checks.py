"""Real requests to the served model."""

from shouting.calls import is_shouted


def failed_checks(client, model):
    return [] if client.ask(is_shouted("HELP!!")) and not client.ask(is_shouted("thank you")) else ["it cannot hear"]
