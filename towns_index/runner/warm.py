"""Warm kernels: real IPython kernels, forked from a process that has imported the libraries already.

Python's own fork server is that process. It imports this module and with it what the notebooks will import, and
does nothing else, so that forking it is safe. For each stage it forks two processes: the kernel, a little ahead of
its time, and later the one that runs papermill. jupyter_client reaches the kernel through a kernel provisioner, its
extension point for other ways to start kernels. Where there is no fork server, kernels are started as usual and
give the same results.
"""

import asyncio
import gc
import importlib
import json
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint
from multiprocessing.connection import Connection
from queue import Empty

from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from traitlets import DottedObjectName

VARIABLE = "TOWNS_INDEX_WARM"
PROVISIONER = "towns-index-warm"
INLINE = "module://matplotlib_inline.backend_inline"
NOTEBOOK_LIBRARIES = (
    "papermill",
    "nbclient",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "IPython.extensions.storemagic",
    "sqlite3",
    "psutil",
    "pdb",
    "tornado.platform.asyncio",
    "towns_index.runner.execute",
)


def ask_for(modules: Iterable[str]) -> None:
    """Name the modules that the fork server, which starts later, shall import."""
    os.environ[VARIABLE] = ",".join([*NOTEBOOK_LIBRARIES, *modules])


def _import_all() -> None:
    """Import the modules asked for. One that cannot be imported is left to the notebook, which says why."""
    # A schema library compiles a grammar for a format that notebooks do not use, for a second; it does without.
    sys.modules.setdefault("rfc3987_syntax", None)
    _import(filter(None, os.environ.get(VARIABLE, "").split(",")))
    gc.collect()
    gc.freeze()  # what is shared with the children stays shared


def _import(names: Iterable[str]) -> None:
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:
            continue  # the notebook says why


# the kernel's side --------------------------------------------------------------------------------


def kernel(alive: Connection, connection_file: str, environment: dict, folder: str, log: str, modules: Sequence[str]) -> None:
    """Be a kernel until told to stop or until the other side is gone.

    Parameters
    ----------
    alive : Connection
        One end of a pipe whose other end the stage's process holds.
    connection_file : str
        The kernel chooses its ports and its key and writes them there.
    environment : dict
        All its environment variables.
    folder, log : str
        Its working folder, and the file that receives what its libraries print.
    modules : sequence of str
        What its notebook imports, and the fork server has not.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.setsid()
    threading.Thread(target=_die_with, args=(alive,), daemon=True).start()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    _import(modules)
    if "matplotlib" in sys.modules:
        # It was imported before the kernel could name its backend; with another one figures would vanish.
        os.environ.setdefault("MPLBACKEND", INLINE)
        sys.modules["matplotlib"].rcParams["backend"] = os.environ["MPLBACKEND"]
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", "-f", connection_file]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What is typed is not kept: there is nobody who types.
    IPKernelApp.launch_instance(argv=["-f", connection_file, "--HistoryManager.enabled=False"])


def _die_with(alive: Connection) -> None:
    """End this process when the other end of the pipe is closed: its stage has ended or was killed."""
    alive.poll(None)
    os._exit(1)


# the stage's side ---------------------------------------------------------------------------------


class Forked:
    """A kernel's process, seen as :class:`subprocess.Popen` shows one."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, alive: Connection):
        self.pid = pid
        self.alive = alive
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return None while the process runs: its end of the pipe closes when it ends."""
        if self.returncode is None and self.alive.poll(0):
            self.returncode = 1
        return self.returncode

    def wait(self) -> int:
        """Wait for the end of the process."""
        while self.poll() is None:
            time.sleep(0.005)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)


class WarmProvisioner(LocalProvisioner):
    """Takes a kernel that runs already instead of starting one."""

    waiting: tuple[int, Connection, str] | None = None

    async def pre_launch(self, **kwargs):
        """Read where the kernel listens, as soon as it has written that; see the base class."""
        pid, alive, connection_file = self.waiting
        self.process = Forked(pid, alive)
        self.pid = self.pgid = pid
        self.parent.connection_file = connection_file
        while not _is_written(connection_file) and self.process.poll() is None:
            await asyncio.sleep(0.005)
        self.parent.load_connection_file()
        self.connection_info = self.parent.get_connection_info()
        return {"cmd": [], "env": kwargs.get("env", {})}

    async def launch_kernel(self, cmd, **kwargs):
        """Say where the kernel listens."""
        return self.connection_info

    async def wait(self):
        """Wait for the end of the process, without the tenth of a second that the base class waits at least."""
        while self.process and self.process.poll() is None:
            await asyncio.sleep(0.005)
        self.process = None
        return 0


def _is_written(connection_file: str) -> bool:
    """Whether a connection file is there and whole."""
    try:
        with open(connection_file, encoding="utf-8") as file:
            return bool(json.load(file))
    except (OSError, ValueError):
        return False


class WarmClient(AsyncKernelClient):
    """A client that begins as soon as the kernel has answered on both of its channels."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait for the kernel's answer; see the base class.

        The base class then listens for another fifth of a second, for what an earlier client may have left. This
        kernel has had none.
        """
        end = time.monotonic() + (timeout or math.inf)
        answered = heard = False
        asked = -math.inf
        while not (answered and heard):
            if time.monotonic() > asked + 1:
                # What a channel is told before it is connected is lost: ask again.
                self.kernel_info()
                asked = time.monotonic()
            answered = answered or await self._comes(self.get_shell_msg)
            heard = heard or await self._comes(self.get_iopub_msg)
            if not await self.is_alive():
                raise RuntimeError("the kernel died before it answered")
            if time.monotonic() > end:
                raise RuntimeError(f"the kernel did not answer within {timeout:.0f} seconds")

    async def _comes(self, message) -> bool:
        try:
            await message(timeout=0.02)
        except Empty:
            return False
        return True


class WarmManager(AsyncKernelManager):
    """Gives out clients that do not wait longer than they must."""

    client_class = DottedObjectName(f"{__name__}.WarmClient", config=True)


def use(pid: int, alive: Connection, connection_file: str) -> dict:
    """Let the kernel that this process asks for next be the one that runs already; return options for papermill.

    Parameters
    ----------
    pid : int
        Process of the kernel.
    alive : Connection
        Pipe that closes when it ends.
    connection_file : str
        File in which it writes where it listens.
    """
    WarmProvisioner.waiting = (pid, alive, connection_file)
    factory = KernelProvisionerFactory.instance()
    entry = EntryPoint(PROVISIONER, f"{__name__}:WarmProvisioner", "jupyter_client.kernel_provisioners")
    factory.provisioners[PROVISIONER] = entry
    factory.default_provisioner_name = PROVISIONER
    return {"kernel_manager_class": WarmManager}


if os.environ.get(VARIABLE):
    _import_all()
