"""Runs the command line on request, each time in a process of its own that has been loaded already.

A line on standard input is a JSON object: ``words``, the ``folder`` to stand in, and what is ``typed``. The answer is
a JSON object on one line: ``code``, ``out`` and ``err``. What a command leaves behind in its process (caches, signal
handlers) is gone with it. With ``stay`` all are answered in this one process: for commands that set Django up, which
takes seconds, and only once in a process.
"""

import gc
import importlib
import io
import json
import os
import signal
import sys
import tempfile
import traceback
from contextlib import redirect_stderr, redirect_stdout

from goldenthread.cli import main
from goldenthread.cli.app import command_line

# rooms that commands fetch when they are called; Django's own modules cannot be loaded before it is set up
ROOMS = ("governance", "vault", "demo.making", "demo.calibration", "web.command")


def load() -> None:
    command_line()
    for room in ROOMS:
        importlib.import_module(f"goldenthread.{room}")
    gc.freeze()  # what is loaded stays as it is, and is not copied for each command


def answer(request: dict[str, object]) -> dict[str, object]:
    with tempfile.TemporaryFile() as typed, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        typed.write(str(request["typed"]).encode())
        typed.seek(0)
        child = os.fork()
        if child == 0:
            code = 70
            try:
                signal.alarm(120)  # nothing here waits for somebody
                os.setsid()  # no terminal: what asks for a password reads standard input
                for ours, theirs in ((typed, 0), (out, 1), (err, 2)):
                    os.dup2(ours.fileno(), theirs)
                sys.stdin = open(0, closefd=False)  # noqa: SIM115
                os.chdir(str(request["folder"]))
                main([str(w) for w in request["words"]])  # type: ignore[attr-defined]
                code = 0
            except SystemExit as stop:
                code = int(stop.code or 0)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        out.seek(0)
        err.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "out": out.read().decode(),
            "err": err.read().decode(),
        }


def answer_here(request: dict[str, object]) -> dict[str, object]:
    out, err, code, before = io.StringIO(), io.StringIO(), 0, sys.stdin
    os.chdir(str(request["folder"]))
    with redirect_stdout(out), redirect_stderr(err):
        sys.stdin = io.StringIO(str(request["typed"]))
        try:
            main([str(w) for w in request["words"]])  # type: ignore[attr-defined]
        except SystemExit as stop:
            code = int(stop.code or 0)
        except BaseException:
            code = 70
            traceback.print_exc()
        finally:
            sys.stdin = before
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


if __name__ == "__main__":
    stay = "stay" in sys.argv[1:]
    if not stay:
        load()
    for line in sys.stdin:
        print(json.dumps((answer_here if stay else answer)(json.loads(line))), flush=True)
