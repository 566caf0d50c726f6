"""Runs commands of the command line on request, each in a process of its own that has been loaded already.

A line on standard input is a JSON list of commands (lists of words). It is answered by the process id, and once that
process has ended by its wait status. Loading the libraries anew for each of many refreshes would cost more than
the refreshes.
"""

import json
import os
import sys

import goldenthread.intake
import goldenthread.lake
import goldenthread.vault  # noqa: F401
from goldenthread.cli import main


def work(commands: list[list[str]]) -> int:
    for words in commands:
        try:
            main(words)
        except SystemExit as stop:
            if stop.code:
                return int(stop.code)
    return 0


if __name__ == "__main__":
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 70
            try:
                os.dup2(sys.stderr.fileno(), 1)
                code = work(json.loads(line))
            finally:
                sys.stderr.flush()
                os._exit(code)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)
