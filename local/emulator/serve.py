"""Runs MiniStack on loopback, with extensions for this project.

The modules in `bridge` register handlers in MiniStack's tables or wrap its functions; no code is copied.
The emulator stops when its standard input is closed, because then its parent process has exited.
"""

import ipaddress
import os
import shutil
import signal
import sys
import threading

from bridge import (
    buckets, clusters, custom_resources, deletion, ecs_authorization, event_log_targets, iam_documents, key_permissions, local_api,
    log_group_keys, log_lines, generated_names, missing_objects, network_acls, oidc_authorization, policy_delay, policy_simulation, resource_types, roles, secret_arns, secret_ids,
    service_linked_role, service_quotas, tags, existing_names, task_lifecycle, task_sizes, transport, vpc_endpoints,
)

BRIDGES = (
    # Features that MiniStack does not have.
    resource_types, roles, buckets, generated_names, secret_ids, custom_resources, deletion, transport, local_api, log_lines, event_log_targets, task_lifecycle,
    network_acls, vpc_endpoints, policy_simulation, service_quotas,
    # Requests that AWS rejects and MiniStack accepts.
    ecs_authorization, oidc_authorization, key_permissions, log_group_keys, secret_arns, task_sizes, missing_objects, policy_delay,
    clusters, service_linked_role, iam_documents, existing_names,
    # Last, because it wraps the handlers of all resource types.
    tags,
)


def require_loopback() -> None:
    """The emulator has no access control for its port, and its Lambda functions inherit its environment."""
    host = os.environ.get("BIND_HOST", "")
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        sys.exit(f"The emulator can listen on loopback only, but BIND_HOST is {host!r}.")
    leaked = sorted(name for name in os.environ if name.startswith("AWS_"))
    if leaked:
        sys.exit(f"The emulator must not inherit AWS settings, but found {', '.join(leaked)}.")


def stop_with_parent() -> None:
    def wait() -> None:
        while sys.stdin.buffer.read(1024):
            pass
        scratch = os.environ.get("TMPDIR", "")
        if os.path.basename(scratch).startswith("ecs-runner-emulator-"):
            shutil.rmtree(scratch, ignore_errors=True)
        # Stops the whole process group, because Lambda functions run as child processes.
        os.killpg(os.getpgrp(), signal.SIGKILL)

    # Only if this process leads its group. Started from a shell, it would kill the shell's job.
    if os.getpgrp() == os.getpid():
        threading.Thread(target=wait, daemon=True, name="parent-watch").start()


def main() -> None:
    require_loopback()
    for bridge in BRIDGES:
        bridge.install()
    stop_with_parent()

    from ministack.app import main as run

    run()


if __name__ == "__main__":
    main()
