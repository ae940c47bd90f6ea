"""Weekday and hour in the graph are those that `zoneinfo` tells."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import tensorflow as tf

from serving.response.shop_clock import ShopClock


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_local_time_is_that_of_zoneinfo(zone: str) -> None:
    random = np.random.default_rng(0)
    moments = random.integers(946_684_800, 2_500_000_000, 500)
    # The hours around a change of the clock, in Berlin and in New York.
    around = [change + hour * 1800 for change in (1_679_792_400, 1_698_541_200, 1_699_164_000) for hour in range(-6, 7)]
    seconds = np.concatenate([moments, around]).astype(np.int64)
    weekday, hour = ShopClock(zone).read(tf.constant(seconds))
    local = [datetime.fromtimestamp(int(each), ZoneInfo(zone)) for each in seconds]
    np.testing.assert_array_equal(weekday.numpy(), [each.weekday() for each in local])
    np.testing.assert_array_equal(hour.numpy(), [each.hour for each in local])
