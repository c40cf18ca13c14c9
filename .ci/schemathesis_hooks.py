"""Lets no two generated requests share an Idempotency-Key.

The tool likes short values, so it sends the same request under the same key
again, also after it has deleted what the first one made. The service then
rightly answers from its record, which the tool takes for a second creation.
"""

import itertools
import re

import schemathesis

KEY = "Idempotency-Key"
RULE = re.compile("[!-~]{1,255}")
made = itertools.count(1)


@schemathesis.hook
def map_headers(context, headers):
    key = (headers or {}).get(KEY)
    if isinstance(key, str) and RULE.fullmatch(key):
        headers[KEY] = f"{next(made)}-{key}"[:255]
    return headers
