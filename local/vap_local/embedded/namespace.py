"""Runs a program of the user root under another user number, without another user: in a user namespace.

PostgreSQL refuses to run as root. A namespace in which root is called something else satisfies it, and the
files stay root's: no system user is added and no folder is opened to others, as it would be necessary for
a real change of user (the program and the data may lie below /root or below a folder of mode 700).
"""

import ctypes
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_INSIDE_UID = 1000
_libc = ctypes.CDLL(None, use_errno=True)


def enter_user_namespace() -> None:
    """A `preexec_fn`: from here on this process's user and group are called 1000. Raises OSError when refused."""
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(_CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{_INSIDE_UID} {uid} 1"),
        ("gid_map", f"{_INSIDE_UID} {gid} 1"),
    ):
        Path("/proc/self", name).write_text(content)


@cache
def user_namespaces_allowed() -> bool:
    """Whether this machine (or container) lets this user make one."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", ""],
            preexec_fn=enter_user_namespace,
            check=False,
            capture_output=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
