"""Files written whole or not at all, and told apart by their contents. Standard library only."""

import hashlib
import os
import tempfile
from pathlib import Path


def write_text(text: str, path: Path) -> Path:
    """Replace a text file in one step (:func:`write_bytes`), as UTF-8 with the line ends it has."""
    return write_bytes(text.encode("utf-8"), path)


def write_bytes(data: bytes, path: Path) -> Path:
    """Replace a file in one step, so that no reader ever sees half of it; its folder is made."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(draft, 0o644)  # mkstemp makes a private file; a published one is not private
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
