"""Weekly series out of events, promotions and stock."""
