"""Under which user PostgreSQL runs: it refuses to be root."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vap_local.embedded.namespace import enter_user_namespace, user_namespaces_allowed

SYSTEM_USER = "vap-postgres"


@dataclass(frozen=True, slots=True)
class PostgresAccount:
    """How to become the user that may run PostgreSQL, and whose files it needs."""

    uid: int
    """Owner that the data must have."""
    gid: int
    enter: Callable[[], None] | None
    """To be called in the child before the program runs; None: nothing to do."""
    is_other_user: bool
    """Whether files of this process's user have to be opened to the account."""


def choose_account() -> PostgresAccount:
    """This user; as root the same in a user namespace; as root where those are refused a system user of its own."""
    if os.geteuid() != 0:
        return PostgresAccount(os.geteuid(), os.getegid(), None, is_other_user=False)
    if user_namespaces_allowed():
        return PostgresAccount(0, 0, enter_user_namespace, is_other_user=False)
    user = _system_user()

    def become() -> None:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)

    return PostgresAccount(user.pw_uid, user.pw_gid, become, is_other_user=True)


def possible_owners() -> set[int]:
    """Who may own the server's folders from an earlier start: this user, and as root also the system user."""
    owners = {os.geteuid()}
    with suppress(KeyError):
        if os.geteuid() == 0:
            owners.add(pwd.getpwnam(SYSTEM_USER).pw_uid)
    return owners


def hand_over(folder: Path, account: PostgresAccount) -> None:
    """Makes `folder` and all in it the account's, where it is not yet."""
    if os.geteuid() != 0 or folder.stat().st_uid == account.uid:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def open_way(folder: Path) -> None:
    """Lets every user pass through the parents of `folder` (not list them): the account must reach its files."""
    for parent in folder.resolve().parents:
        mode = stat.S_IMODE(parent.stat().st_mode)
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise PermissionError(
            "PostgreSQL does not run as root, this machine refuses user namespaces and has no useradd; "
            "start as another user, or give a DATABASE_URL"
        )
    subprocess.run(
        [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
        check=True,
        capture_output=True,
    )
    return pwd.getpwnam(SYSTEM_USER)
