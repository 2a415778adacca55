"""One check of the project from outside pytest; used by ``seed_faults.py``, which runs it in its scratch copy.

    python benchmarks/fault_checks.py preflight       what is checked before a build
    python benchmarks/fault_checks.py audit           the audit of every raw file
    python benchmarks/fault_checks.py audit FILE      of one file and of those it is compared with
    python benchmarks/fault_checks.py where           say from where the package comes

What is wrong is printed, and the exit status is then 1.
"""

import sys

from towns_index import audit, audit_areas, checks, paths, read, sources


def preflight() -> list[str]:
    """What :func:`towns_index.checks.preflight` has to say about a build as it would start here."""
    return checks.preflight(paths.start(), paths.raw())


def audited(file_id: str | None = None) -> list[str]:
    """Failures of the audit that are not registered."""
    ids = list(sources.used()) if file_id is None else [name for name in sources.used() if name in _together(file_id)]
    try:
        audit.require(audit.examine_all(ids))
    except (audit.AuditFailed, read.UnreadableFile) as error:
        return str(error).splitlines()[1:] or [str(error)]
    return []


def _together(file_id: str) -> set[str]:
    """A file, those that hold the same numbers, and those that list the same areas."""
    rules = audit_areas.rules()
    groups = [{row["left"]["file"], row["right"]["file"]} for row in rules["agreement"]]
    groups += [{row["file"] for row in kind["lists"]} for kind in rules["geography"].values()]
    return {file_id}.union(*(group for group in groups if file_id in group))


def main(arguments: list[str]) -> int:
    """Carry out one check; see the top of the file."""
    if arguments == ["where"]:
        print(paths.ROOT)
        return 0
    found = preflight() if arguments == ["preflight"] else audited(*arguments[1:])
    print("\n".join(line.strip() for line in found))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
