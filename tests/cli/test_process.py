#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The process itself: it leaves no core, and nobody else of its user looks into it."""
import os
import subprocess
import time
import unittest

from cli.tool import TOOL, ToolTest

NOBODY = 65534


class Process(ToolTest):
    def start(self, **more):
        tool = subprocess.Popen([TOOL, "inspect", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                env=self.environment, cwd="/", **more)
        self.addCleanup(tool.wait)
        self.addCleanup(tool.stdin.close)
        self.addCleanup(tool.kill)
        return tool

    def until(self, holds):
        deadline = time.monotonic() + 20
        while not holds():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_no_core(self):
        tool = self.start()

        def core():
            with open(f"/proc/{tool.pid}/limits", encoding="ascii") as limits:
                return [line.split()[4:6] for line in limits if line.startswith("Max core file size")]
        self.until(lambda: core() == [["0", "0"]])

    @unittest.skipIf("asan" in TOOL, "the leak check looks into the process")
    def test_not_dumpable(self):
        # What cannot be dumped belongs to root in /proc (proc(5)).
        try:
            tool = self.start(**({"user": NOBODY} if os.geteuid() == 0 else {}))
        except PermissionError:
            self.skipTest("nobody may not run the tool here")
        self.until(lambda: os.stat(f"/proc/{tool.pid}/environ").st_uid == 0)


if __name__ == "__main__":
    unittest.main()
