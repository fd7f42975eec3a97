"""Runs MiniStack on loopback, with what it lacks for this project put in from outside.

Everything in `bridge` is registered in MiniStack's own tables or wrapped around its functions; nothing is copied.
Standard input is the leash: when it ends, whoever started this is gone, and the emulator goes too.
"""

import ipaddress
import os
import shutil
import signal
import sys
import threading

from bridge import (
    buckets, clusters, custom_resources, deletion, ecs_authorization, event_log_targets, iam_documents, key_permissions, local_api,
    log_group_keys, made_up_names, missing_objects, oidc_authorization, policy_delay, resource_types, roles, secret_arns, secret_ids,
    service_linked_role, tags, taken_names, task_lifecycle, task_sizes, transport,
)

BRIDGES = (
    # What MiniStack lacks.
    resource_types, roles, buckets, made_up_names, secret_ids, custom_resources, deletion, transport, local_api, event_log_targets, task_lifecycle,
    # What AWS refuses.
    ecs_authorization, oidc_authorization, key_permissions, log_group_keys, secret_arns, task_sizes, missing_objects, policy_delay,
    clusters, service_linked_role, iam_documents, taken_names,
    # Last: they are checked for every resource type that is known by then.
    tags,
)


def refuse_anything_but_loopback() -> None:
    """The emulator answers everybody who reaches it, and its functions inherit its environment."""
    host = os.environ.get("BIND_HOST", "")
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        sys.exit(f"the emulator listens on loopback only, not on {host!r}")
    leaked = sorted(name for name in os.environ if name.startswith("AWS_"))
    if leaked:
        sys.exit(f"the emulator runs without AWS settings of its own, but found {', '.join(leaked)}")


def stop_with_the_starter() -> None:
    def wait() -> None:
        while sys.stdin.buffer.read(1024):
            pass
        scratch = os.environ.get("TMPDIR", "")
        if os.path.basename(scratch).startswith("ecs-runner-emulator-"):
            shutil.rmtree(scratch, ignore_errors=True)
        # The whole group: functions run as processes of their own.
        os.killpg(os.getpgrp(), signal.SIGKILL)

    # Only as the leader of a group of its own: from a shell, the group would be the shell's.
    if os.getpgrp() == os.getpid():
        threading.Thread(target=wait, daemon=True, name="leash").start()


def main() -> None:
    refuse_anything_but_loopback()
    for bridge in BRIDGES:
        bridge.install()
    stop_with_the_starter()

    from ministack.app import main as run

    run()


if __name__ == "__main__":
    main()
