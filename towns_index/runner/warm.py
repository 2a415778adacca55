"""Warm kernels: real IPython kernels, forked from a process that has imported the libraries already.

Python's own fork server is that process. It imports this module and with it what the notebooks will import, and
does nothing else, so that forking it is safe. For each stage it forks two processes: the one that runs papermill
and one that waits to become its kernel. jupyter_client reaches the latter through a kernel provisioner, its
extension point for other ways to start kernels. Where there is no fork server, kernels are started as usual and
give the same results.
"""

import asyncio
import gc
import importlib
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
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
    "towns_index.runner.execute",
)


def ask_for(modules: Iterable[str]) -> None:
    """Name the modules that the fork server, which starts later, shall import."""
    os.environ[VARIABLE] = ",".join([*NOTEBOOK_LIBRARIES, *modules])


def _import_all() -> None:
    """Import the modules asked for. One that cannot be imported is left to the notebook, which says why."""
    # A schema library compiles a grammar for a format that notebooks do not use, for a second; it does without.
    sys.modules.setdefault("rfc3987_syntax", None)
    for name in filter(None, os.environ.get(VARIABLE, "").split(",")):
        try:
            importlib.import_module(name)
        except Exception:
            continue
    gc.collect()
    gc.freeze()  # what is shared with the children stays shared


if os.environ.get(VARIABLE):
    _import_all()


# the kernel's side --------------------------------------------------------------------------------


def kernel(orders: Connection) -> None:
    """Wait for orders, then be a kernel until told to stop or until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        order = orders.recv()
    except (EOFError, OSError):
        return  # the stage needs no kernel after all
    os.setsid()
    threading.Thread(target=_die_with, args=(orders,), daemon=True).start()
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = ["ipykernel_launcher", *order["arguments"]]
    if "matplotlib" in sys.modules:
        # It was imported before the kernel could name its backend; with another one figures would vanish.
        os.environ.setdefault("MPLBACKEND", INLINE)
        sys.modules["matplotlib"].rcParams["backend"] = os.environ["MPLBACKEND"]
    from ipykernel.kernelapp import IPKernelApp

    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What is typed is not kept: there is nobody who types.
    IPKernelApp.launch_instance(argv=[*order["arguments"], "--HistoryManager.enabled=False"])


def _die_with(orders: Connection) -> None:
    """End this process when the other end of the pipe is closed: its stage has ended or was killed."""
    orders.poll(None)
    os._exit(1)


# the stage's side ---------------------------------------------------------------------------------


class Forked:
    """A kernel's process, seen as :class:`subprocess.Popen` shows one."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, orders: Connection):
        self.pid = pid
        self.orders = orders
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return None while the process runs: its end of the pipe closes when it ends."""
        if self.returncode is None and self.orders.poll(0):
            self.returncode = 1
        return self.returncode

    def wait(self) -> int:
        """Wait for the end of the process."""
        while self.poll() is None:
            time.sleep(0.01)
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
    """Hands the connection file to the waiting process instead of starting one."""

    waiting: tuple[int, Connection, str] | None = None

    async def launch_kernel(self, cmd, **kwargs):
        """Let the waiting process become the kernel of this connection file; see the base class."""
        pid, orders, log = self.waiting
        arguments = cmd[cmd.index("-f") : cmd.index("-f") + 2]
        cwd = str(kwargs.get("cwd") or os.getcwd())
        orders.send({"arguments": arguments, "env": dict(kwargs["env"]), "cwd": cwd, "log": log})
        self.process = Forked(pid, orders)
        self.pid = self.pgid = pid
        return self.connection_info

    async def wait(self):
        """Wait for the end of the process, without the tenth of a second that the base class waits at least."""
        while self.process and self.process.poll() is None:
            await asyncio.sleep(0.005)
        self.process = None
        return 0


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


def use(pid: int, orders: Connection, log: str) -> dict:
    """Let the kernel that this process starts next be the waiting one; return options for papermill.

    Parameters
    ----------
    pid : int
        Process of the waiting kernel.
    orders : Connection
        Pipe on which it waits.
    log : str
        File that receives what its libraries print.
    """
    WarmProvisioner.waiting = (pid, orders, log)
    factory = KernelProvisionerFactory.instance()
    entry = EntryPoint(PROVISIONER, f"{__name__}:WarmProvisioner", "jupyter_client.kernel_provisioners")
    factory.provisioners[PROVISIONER] = entry
    factory.default_provisioner_name = PROVISIONER
    return {"kernel_manager_class": WarmManager}
