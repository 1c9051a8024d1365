"""What a mount promises is read from its entry in mountinfo, the innermost one that holds the path."""

import pytest

from reflow.filesystem.mounts import LOCAL_LATENCY_S, NETWORK_LATENCY_S, mount_of

TABLE = r"""22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /scratch rw - lustre mds@tcp:/fs rw,localflock
31 22 0:41 / /home rw,nosuid shared:1 - nfs4 server:/home rw,vers=4.2,local_lock=none
32 31 0:42 / /home/old rw - nfs server:/old rw,nolock
33 22 0:43 / /a\040b rw - fuse.sshfs x rw
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mountinfo"
    path.write_text(TABLE)
    return str(path)


@pytest.mark.parametrize(
    ("path", "kind", "latency", "trouble"),
    [
        ("/data/x", "ext4", LOCAL_LATENCY_S, None),
        ("/scratch/run", "lustre", NETWORK_LATENCY_S, "localflock"),
        ("/scratchy", "ext4", LOCAL_LATENCY_S, None),
        ("/home/me", "nfs4", NETWORK_LATENCY_S, None),
        ("/home/old/me", "nfs", NETWORK_LATENCY_S, "nolock"),
        ("/a b/c", "fuse.sshfs", NETWORK_LATENCY_S, None),
    ],
)
def test_the_innermost_mount_says_how_files_are_seen_and_locked(table, path, kind, latency, trouble):
    mount = mount_of(path, table)

    assert (mount.kind, mount.latency_s) == (kind, latency)
    assert (mount.lock_trouble is None) if trouble is None else (trouble in (mount.lock_trouble or ""))


def test_without_a_table_a_path_is_taken_as_local(tmp_path):
    assert mount_of("/x", str(tmp_path / "missing")).latency_s == LOCAL_LATENCY_S


def test_the_real_table_is_read():
    assert mount_of("/").place == "/"
