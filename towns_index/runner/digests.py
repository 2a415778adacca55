"""What files contain, as SHA-256 digests that are not computed twice.

A digest is kept with the size, the times and the inode of its file, as git keeps them in its index. A file
of which any of these has changed is read again; whether it counts as changed is then decided by its
contents alone.
"""

import json
import time
from pathlib import Path
from typing import Any

from towns_index import files

# A file written shortly before it was read may be written again within the same tick of the clock.
TICK_NS = 2_000_000_000


class Digests:
    """Digests of files, and what was found out about files with a digest.

    Parameters
    ----------
    path : Path
        Where they are kept between runs; a file that cannot be read counts as empty.
    """

    def __init__(self, path: Path):
        self.path = path
        kept = _load(path)
        self._files: dict[str, list] = kept.get("files", {})
        self._findings: dict[str, Any] = kept.get("findings", {})
        self._before = (dict(self._files), dict(self._findings))

    def of(self, file: Path) -> str:
        """Return the digest of a file, or an empty text if it is not there."""
        try:
            state = file.stat()
        except OSError:
            return ""
        now = [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]
        known = self._files.get(str(file))
        if known and known[:4] == now:
            return known[4]
        read_at = time.time_ns()
        digest = files.sha256(file)
        if max(state.st_mtime_ns, state.st_ctime_ns) < read_at - TICK_NS:
            self._files[str(file)] = [*now, digest]
        return digest

    def finding(self, name: str, find) -> Any:
        """Return what is known under a name; if nothing is, ask `find` and keep its answer."""
        if name not in self._findings:
            self._findings[name] = find()
        return self._findings[name]

    def save(self) -> None:
        """Keep what is known for the next run. It only saves time, so that a full disk is no obstacle."""
        if (self._files, self._findings) == self._before:
            return
        try:
            files.write_text(json.dumps({"files": self._files, "findings": self._findings}), self.path)
        except OSError:
            pass


def _load(path: Path) -> dict:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return kept if isinstance(kept, dict) else {}
    except (OSError, ValueError):
        return {}
