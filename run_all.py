#!/usr/bin/env python3
"""Front door of the Towns Index: ``python run_all.py``; for more, ``python run_all.py --help``.

This file must be readable by any old Python, so that it can say what is needed instead.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "The Towns Index needs Python 3.11 or newer; this is Python %d.%d (%s).\n"
        "Install one from https://www.python.org/downloads/ and run it by its name, for example:\n"
        "    python3.11 run_all.py" % (sys.version_info[0], sys.version_info[1], sys.executable)
    )


def main():
    """Set the environment right if need be, then hand over to the command line."""
    from towns_index.runner import arguments, cli, environment

    asked = sys.argv[1:]
    if arguments.needs_environment(asked):
        status = environment.ensure(asked)
        if status is not None:
            return status
    return cli.main(asked)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        # The reader of a pipe, such as head, has seen enough.
        sys.stderr.close()
