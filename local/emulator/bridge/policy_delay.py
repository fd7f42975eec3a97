"""IAM is eventually consistent: a new or changed policy of a role takes effect after some seconds. In MiniStack, it takes effect immediately.

With the setting `policy_delay_ms`, decisions use the policies that a role had at that time in the past; a younger role
has none. Policies from before the setting was turned on take effect immediately.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

import math
import threading
import time

from ministack.core import iam_evaluator
from ministack.core.responses import request_scope
from ministack.services import iam

from . import behaviour

SAMPLED_EACH_SECONDS = 0.1

_lock = threading.Lock()
# (account, role id) → [(time, policies)], oldest first
_history: dict = {}
_on = False


def _record(account: str, role: dict, policies: list, at: float) -> list:
    with _lock:
        history = _history.setdefault((account, role.get("RoleId")), [])
        if not history or history[-1][1] != policies:
            history.append((at, policies))
        return list(history)


def _sample(gather, at: float) -> None:
    for (account, name), role in list(iam._roles._data.items()):
        with request_scope(account, "us-east-1"):
            _record(account, role, gather(name, account), at)


def install() -> None:
    gather = iam_evaluator._gather_role_policies

    def delayed(role_name, account_id):
        policies = gather(role_name, account_id)
        role = iam._roles.get_scoped(account_id, None, role_name)
        if not _on or role is None:
            return policies
        now = time.monotonic()
        effective_since = now - behaviour.current().policy_delay_ms / 1000
        effective = [found for at, found in _record(account_id, role, policies, now) if at <= effective_since]
        return effective[-1] if effective else []

    def sample_while_on() -> None:
        while _on:
            _sample(gather, time.monotonic())
            time.sleep(SAMPLED_EACH_SECONDS)

    def switch() -> None:
        global _on
        wanted = behaviour.current().policy_delay_ms > 0
        if wanted and not _on:
            _history.clear()
            _sample(gather, -math.inf)
            _on = True
            threading.Thread(target=sample_while_on, daemon=True, name="policy-delay").start()
        _on = wanted

    iam_evaluator._gather_role_policies = delayed
    behaviour.on_change(switch)
