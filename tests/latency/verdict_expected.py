"""Histories and the verdict that each deserves, computed on paper before the code that computes it: no imports.

A month has 730 hours (2,628,000 seconds), and each time range here, unless said otherwise, is a tenth of one: 73 hours,
262,800 seconds. No warming costs $4.00 a month and the warmer $6.00, so the warmer costs $2.00 a month, and $0.20 in
a tenth of one. A cold start is worth $0.05. A warm request takes 100 ms at the median.

Each entry: the facts that are not as above; the expected figures; the sentence.
"""

from __future__ import annotations

from typing import Any

MONTH_SECONDS = 2_628_000
TENTH_OF_A_MONTH = 262_800
PRICES = {"none": 4.00, "warmer": 6.00, "provisioned": 24.00, "snapstart": 5.50}
COLD_STARTS = {"none": 520.0, "warmer": 20.0, "provisioned": 10.0, "snapstart": 520.0}
WARM_MEDIAN_MS = 100.0

Entry = tuple[dict[str, Any], dict[str, Any], str]

EXPECTED: dict[str, Entry] = {
    # (900 + 1,100) / 2 - 100 = 900 ms each; two of them, 1,800 ms. 52 - 2 = 50 spared; $0.20 / 50 = $0.004.
    "worth it": (
        {"requests": 1000, "waited_ms": [900.0, 1100.0], "cold": 2, "cold_without_pings": 52},
        {
            "waited": 2,
            "longer_ms": 900.0,
            "longer_in_all_ms": 1800.0,
            "cold_without_pings": 52,
            "spared": 50,
            "price": 2.00,
            "price_for_each_spared": 0.004,
            "is_worth_it": True,
        },
        (
            "2 of 1,000 requests waited for a cold start, on average 900 ms longer than a warm one takes (1.8 s in "
            "all); without the warmer 52 would have, so it spared 50 at $0.0040 each, and is worth its $2.00 a month."
        ),
    ),
    # 4 - 2 = 2 spared; $0.20 / 2 = $0.10, twice what one is worth.
    "not worth it": (
        {"requests": 1000, "waited_ms": [900.0, 1100.0], "cold": 2, "cold_without_pings": 4},
        {
            "waited": 2,
            "longer_ms": 900.0,
            "longer_in_all_ms": 1800.0,
            "cold_without_pings": 4,
            "spared": 2,
            "price": 2.00,
            "price_for_each_spared": 0.10,
            "is_worth_it": False,
        },
        (
            "2 of 1,000 requests waited for a cold start, on average 900 ms longer than a warm one takes (1.8 s in "
            "all); without the warmer 4 would have, so it spared 2 at $0.10 each, where one is worth $0.05, and is "
            "not worth its $2.00 a month."
        ),
    ),
    # The same, to whom a cold start is worth $0.10: $0.20 / 2 is exactly that.
    "worth it to somebody else": (
        {
            "requests": 1000,
            "waited_ms": [900.0, 1100.0],
            "cold": 2,
            "cold_without_pings": 4,
            "price_of_a_cold_start": 0.10,
        },
        {"waited": 2, "spared": 2, "price_for_each_spared": 0.10, "is_worth_it": True, "price_of_a_cold_start": 0.10},
        (
            "2 of 1,000 requests waited for a cold start, on average 900 ms longer than a warm one takes (1.8 s in "
            "all); without the warmer 4 would have, so it spared 2 at $0.10 each, and is worth its $2.00 a month."
        ),
    ),
    # Ten environments kept for one user at a time: one cold start without them, not ten. $0.20 / 1.
    "ten kept for one user": (
        {"requests": 500, "waited_ms": [], "cold": 0, "cold_without_pings": 1},
        {
            "waited": 0,
            "longer_ms": None,
            "longer_in_all_ms": 0.0,
            "spared": 1,
            "price_for_each_spared": 0.20,
            "is_worth_it": False,
        },
        (
            "None of 500 requests waited for a cold start; without the warmer 1 would have, so it spared 1 at $0.20, "
            "where one is worth $0.05, and is not worth its $2.00 a month."
        ),
    ),
    # Users keep it warm themselves: 3 cold starts with pings, which hold environments, and 2 without: 0, never -1.
    "nothing spared": (
        {"requests": 100_000, "waited_ms": [1100.0, 1100.0, 1100.0], "cold": 3, "cold_without_pings": 2},
        {
            "waited": 3,
            "longer_ms": 1000.0,
            "longer_in_all_ms": 3000.0,
            "spared": 0,
            "price_for_each_spared": None,
            "is_worth_it": False,
        },
        (
            "3 of 100,000 requests waited for a cold start, on average 1.0 s longer than a warm one takes (3.0 s in "
            "all); without the warmer no more would have, so it spared none, and is not worth its $2.00 a month."
        ),
    ),
    # 1 cold and 1 restored: (1,100 + 500) / 2 - 100 = 700 ms each, 1,400 ms. 41 - 1 cold = 40; $0.20 / 40 = $0.005.
    "restored starts wait too": (
        {"requests": 1000, "waited_ms": [1100.0, 500.0], "cold": 1, "cold_without_pings": 41},
        {
            "waited": 2,
            "longer_ms": 700.0,
            "longer_in_all_ms": 1400.0,
            "spared": 40,
            "price_for_each_spared": 0.005,
            "is_worth_it": True,
        },
        (
            "2 of 1,000 requests waited for a cold start or a restore, on average 700 ms longer than a warm one takes "
            "(1.4 s in all); without the warmer 41 would have started cold, so it spared 40 at $0.0050 each, and is "
            "worth its $2.00 a month."
        ),
    ),
    # 10 cold, of which 2 were measured: 900 ms each of 10 is 9,000 ms.
    "some that waited were not measured": (
        {"requests": 1000, "waited_ms": [900.0, 1100.0], "cold": 10, "cold_without_pings": 60},
        {"waited": 10, "longer_ms": 900.0, "longer_in_all_ms": 9000.0, "spared": 50, "is_worth_it": True},
        (
            "10 of 1,000 requests waited for a cold start, on average 900 ms longer than a warm one takes (9.0 s in "
            "all); without the warmer 60 would have, so it spared 50 at $0.0040 each, and is worth its $2.00 a month."
        ),
    ),
    # 200 waited 90.1 s each, as no warm one took more than 100 ms: 90,000 ms, in all 18,000 s, five hours.
    "long waiting": (
        {"requests": 1000, "waited_ms": [90_100.0] * 200, "cold": 200, "cold_without_pings": 250},
        {"waited": 200, "longer_ms": 90_000.0, "longer_in_all_ms": 18_000_000.0, "spared": 50},
        (
            "200 of 1,000 requests waited for a cold start, on average 90 s longer than a warm one takes (5.0 h in "
            "all); without the warmer 250 would have, so it spared 50 at $0.0040 each, and is worth its $2.00 a month."
        ),
    ),
    "no requests": (
        {"requests": 0, "waited_ms": [], "warm_median_ms": None, "cold": 0, "cold_without_pings": 0},
        {
            "waited": 0,
            "longer_ms": None,
            "longer_in_all_ms": 0.0,
            "spared": 0,
            "price": 2.00,
            "price_for_each_spared": None,
            "is_worth_it": None,
        },
        "No requests in this time range; the warmer costs $2.00 a month.",
    ),
    "no requests and nothing known": (
        {"requests": 0, "waited_ms": [], "warm_median_ms": None, "cold": 0, "cold_without_pings": None, "cost": None},
        {"waited": 0, "spared": None, "price": None, "is_worth_it": None, "alternatives": []},
        "No requests in this time range.",
    ),
    # 120 - 120 = 0: the warmer spared none of them.
    "no warm one to compare with": (
        {"requests": 120, "waited_ms": [900.0] * 120, "warm_median_ms": None, "cold": 120, "cold_without_pings": 120},
        {"waited": 120, "longer_ms": None, "longer_in_all_ms": 0.0, "spared": 0, "is_worth_it": False},
        (
            "All 120 requests waited for a cold start, and none was warm to compare with; without the warmer no more "
            "would have, so it spared none, and is not worth its $2.00 a month."
        ),
    ),
    # Without a warmer nothing is spared or paid. By the model a warmer avoids 520 - 20 = 500 a month: $2.00 / 500.
    "no warmer": (
        {"requests": 1000, "waited_ms": [1100.0] * 52, "cold": 52, "cold_without_pings": 52, "has_warmer": False},
        {
            "waited": 52,
            "longer_ms": 1000.0,
            "longer_in_all_ms": 52_000.0,
            "spared": 0,
            "price": None,
            "price_for_each_spared": None,
            "is_worth_it": True,
        },
        (
            "52 of 1,000 requests waited for a cold start, on average 1.0 s longer than a warm one takes (52 s in "
            "all); no warmer runs here: one would leave about 20 of 520 cold starts a month for $2.00 more, and be "
            "worth it."
        ),
    ),
    # To whom a cold start is worth a tenth of a cent: 500 of them are worth $0.50, less than $2.00.
    "no warmer and no need of one": (
        {
            "requests": 1000,
            "waited_ms": [1100.0] * 52,
            "cold": 52,
            "cold_without_pings": 52,
            "has_warmer": False,
            "price_of_a_cold_start": 0.001,
        },
        {"is_worth_it": False, "price": None},
        (
            "52 of 1,000 requests waited for a cold start, on average 1.0 s longer than a warm one takes (52 s in "
            "all); no warmer runs here: one would leave about 20 of 520 cold starts a month for $2.00 more, and not "
            "be worth it."
        ),
    ),
    "what pings spared is not known": (
        {"requests": 1000, "waited_ms": [900.0, 1100.0], "cold": 2, "cold_without_pings": None},
        {
            "waited": 2,
            "longer_ms": 900.0,
            "spared": None,
            "price": 2.00,
            "price_for_each_spared": None,
            "is_worth_it": None,
        },
        (
            "2 of 1,000 requests waited for a cold start, on average 900 ms longer than a warm one takes (1.8 s in "
            "all); how many the warmer spared for its $2.00 a month is not known."
        ),
    ),
    "only traces are known": (
        {
            "requests": 1000,
            "waited_ms": [900.0, 1100.0],
            "cold": 2,
            "cold_without_pings": None,
            "is_complete": False,
        },
        {"waited": 2, "longer_ms": 900.0, "spared": None, "price": 2.00, "is_worth_it": None},
        (
            "2 of the 1,000 traced requests waited for a cold start, on average 900 ms longer than a warm one takes "
            "(1.8 s in all); how many the warmer spared for its $2.00 a month only an access log of all requests can "
            "tell."
        ),
    ),
    "what it costs is not known": (
        {"requests": 1000, "waited_ms": [900.0, 1100.0], "cold": 2, "cold_without_pings": 52, "cost": None},
        {
            "waited": 2,
            "spared": 50,
            "price": None,
            "price_for_each_spared": None,
            "is_worth_it": None,
            "alternatives": [],
        },
        (
            "2 of 1,000 requests waited for a cold start, on average 900 ms longer than a warm one takes (1.8 s in "
            "all); without pings 52 would have, so they spared 50; what they cost is not known."
        ),
    ),
    # Six hours: $2.00 x 6 / 730 = $0.016438, for 5 - 2 = 3: $0.005479 each.
    "few requests": (
        {"requests": 30, "seconds": 21_600, "waited_ms": [900.0, 1100.0], "cold": 2, "cold_without_pings": 5},
        {
            "waited": 2,
            "longer_ms": 900.0,
            "spared": 3,
            "price": 2.00,
            "price_for_each_spared": 0.005479,
            "is_worth_it": None,
        },
        (
            "2 of 30 requests waited for a cold start, on average 900 ms longer than a warm one takes (1.8 s in all); "
            "without the warmer 5 would have, so it spared 3; so few requests in 6 h do not tell whether it is worth "
            "its $2.00 a month."
        ),
    ),
    "one request": (
        {
            "requests": 1,
            "seconds": 900,
            "waited_ms": [900.0],
            "warm_median_ms": None,
            "cold": 1,
            "cold_without_pings": 1,
            "cost": None,
        },
        {"waited": 1, "longer_ms": None, "spared": 0, "is_worth_it": None},
        (
            "The only request waited for a cold start, and none was warm to compare with; without pings no more would "
            "have."
        ),
    ),
}
"""By what the history shows."""

ALTERNATIVES: list[tuple[str, float, float, float, bool | None]] = [
    ("none", 4.00, 0.00, 520.0, None),
    ("warmer", 6.00, 2.00, 20.0, True),  # $2.00 for 500 avoided
    ("provisioned", 24.00, 20.00, 10.0, True),  # $20.00 for 510 avoided, which are worth $25.50
    ("snapstart", 5.50, 1.50, 520.0, None),  # it avoids none: each becomes a restore
]
"""Name, price, price above no warming, cold starts left, and whether it is worth it; all a month."""

REPLAYS: dict[str, tuple[list[tuple[float, float]], dict[str, float], int]] = {
    # One environment serves them all: each comes within 360 s of the end of the one before.
    "one user who returns in time": ([(0, 1), (300, 1), (600, 1), (961, 1)], {}, 1),
    # 361.5 s after the end: gone.
    "one user who returns too late": ([(0, 1), (362.5, 1)], {}, 2),
    # Exactly 360 s after the end: still there.
    "one user who returns at the last moment": ([(0, 1), (361, 1)], {}, 1),
    # Three at once need three; the next three at once find them.
    "three at once, twice": ([(0, 1), (0.1, 1), (0.2, 1), (60, 1), (60.1, 1), (60.2, 1)], {}, 3),
    # The one used last is taken, so the other two are idle from second 1.1 on and gone by 362: 3 + 2.
    "three at once, then one, then three": (
        [(0, 1), (0.1, 1), (0.2, 1), (200, 1), (400, 1), (400.1, 1), (400.2, 1)],
        {},
        5,
    ),
    # 25 requests 300 s apart are 7,200 s: the last comes at that age, the 26th after it.
    "an environment ends by its age": ([(300 * number, 1) for number in range(26)], {}, 2),
    # A cold start takes 5 s more, so the second at second 3 finds the first still initialising; without, it is free.
    "an init keeps an environment busy": ([(0, 1), (3, 1)], {"init_seconds": 5}, 2),
    "no init": ([(0, 1), (3, 1)], {}, 1),
    # The first is before the time that is counted, and leaves its environment to the second.
    "what came before the time range": ([(0, 1), (100, 1)], {"counted_from": 50}, 0),
    "in any order": ([(300, 1), (0, 1), (600, 1)], {}, 1),
    "nothing": ([], {}, 0),
}
"""Requests (arrival, seconds of work) of one function, further arguments, and the cold starts that they meet without
pings, where an idle environment is kept 360 s and any 7,200 s."""
