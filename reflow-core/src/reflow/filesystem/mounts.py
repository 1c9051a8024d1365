"""What the mount of a path promises: whether other nodes see the same locks, and how soon they see new files.

Read from ``/proc/self/mountinfo`` (proc(5)); mount options as in nfs(5), mount.lustre(8).
"""

from __future__ import annotations

import os

from reflow.model.named_tuple import NamedTuple

NETWORK_LATENCY_S = 65.0  #: until another node sees a new name: NFS caches directories for up to 60 s
LOCAL_LATENCY_S = 2.0

_NETWORK = frozenset(
    "afs beegfs ceph cifs smb3 fhgfs glusterfs gpfs lustre nfs nfs4 orangefs pvfs2 panfs wekafs 9p virtiofs".split()
)
_NO_LOCKS = frozenset({"nolock", "noflock"})  #: options with which a lock is refused or means nothing
_NODE_LOCKS = frozenset({"localflock", "local_lock=all", "local_lock=posix"})


class Mount(NamedTuple):
    """One mount.

    Attributes:
        place: Where it is mounted.
        kind: The type of the file system.
        options: Of the mount and of the file system.
    """

    place: str
    kind: str
    options: frozenset[str]

    @property
    def is_network(self) -> bool:
        """Whether other machines may write to it."""
        return self.kind in _NETWORK or (self.kind.startswith("fuse.") and self.kind != "fuse.lxcfs")

    @property
    def latency_s(self) -> float:
        """After how many seconds what another node wrote is surely seen here."""
        return NETWORK_LATENCY_S if self.is_network else LOCAL_LATENCY_S

    @property
    def lock_trouble(self) -> str | None:
        """Why locks on it do not keep processes of two nodes apart, or None."""
        if found := sorted(self.options & _NO_LOCKS):
            return f"{self.place} ({self.kind}) is mounted with {found[0]}, so it has no locks"
        if found := sorted(self.options & _NODE_LOCKS):
            return f"{self.place} ({self.kind}) is mounted with {found[0]}, so locks hold on one node only"
        return None


def mount_of(path: str, table: str = "/proc/self/mountinfo") -> Mount:
    """Return the mount that a path is on; a local one where the table cannot be read."""
    real = os.path.realpath(path)
    try:
        with open(table, encoding="utf-8", errors="surrogateescape") as file:
            mounts = [_parsed(line) for line in file]
    except OSError:
        mounts = []
    above = [mount for mount in mounts if _is_above(mount.place, real)]
    return max(above, key=lambda mount: len(mount.place), default=Mount("/", "unknown", frozenset()))


def _parsed(line: str) -> Mount:
    mine, _, theirs = line.rstrip("\n").partition(" - ")
    fields, (kind, _, options) = mine.split(" "), theirs.split(" ", 2)
    place = fields[4].encode("latin-1", "surrogateescape").decode("unicode_escape")
    return Mount(place, kind, frozenset([*fields[5].split(","), *options.split(",")]))


def _is_above(place: str, path: str) -> bool:
    return path == place or path.startswith(place if place.endswith("/") else place + "/")
