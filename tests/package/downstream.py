#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Builds and runs a project against the installed library, as someone else would.

cmake-shared, cmake-static, pkg-config: the project in downstream/. readme: the first C++ example of README.md, run in a scratch
folder that holds a copy of readme/ (the files that the example names), if there is one.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run(*command, **options):
    print("+", *command, flush=True)
    subprocess.run([str(word) for word in command], check=True, **options)


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def by_cmake(args, link):
    build = fresh(args.scratch / args.way)
    run("cmake", "-G", "Ninja", "-S", HERE / "downstream", "-B", build, f"-DCMAKE_PREFIX_PATH={args.prefix}",
        f"-DCMAKE_CXX_COMPILER={args.compiler}", f"-DMIMESEAL_LINK={link}")  # fmt: skip
    run("cmake", "--build", build)
    run(build / "downstream")


def by_pkg_config(args, source, folder):
    """Builds the source in the folder and runs it there."""
    libdir = args.prefix / args.libdir
    environment = dict(os.environ, PKG_CONFIG_PATH=str(libdir / "pkgconfig"), LD_LIBRARY_PATH=str(libdir))
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "mimeseal"], check=True, capture_output=True, text=True, env=environment
    ).stdout.split()
    run(args.compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", source, "-o", folder / "program", *flags)
    run(folder / "program", cwd=folder, env=environment)


def readme(args):
    text = (HERE.parents[1] / "README.md").read_text(encoding="utf-8")
    example = re.search(r"^```cpp\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    if not example:
        sys.exit("README.md holds no ```cpp block")
    folder = fresh(args.scratch / args.way)
    if (HERE / "readme").is_dir():
        shutil.copytree(HERE / "readme", folder, dirs_exist_ok=True)
    source = folder / "example.cpp"
    source.write_text(example.group(1), encoding="utf-8")
    by_pkg_config(args, source, folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=["cmake-shared", "cmake-static", "pkg-config", "readme"])
    parser.add_argument("--prefix", type=Path, required=True)
    parser.add_argument("--libdir", required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    args = parser.parse_args()
    if args.way == "readme":
        readme(args)
    elif args.way == "pkg-config":
        by_pkg_config(args, HERE / "downstream/main.cpp", fresh(args.scratch / args.way))
    else:
        by_cmake(args, "mimeseal::mimeseal_static" if args.way == "cmake-static" else "mimeseal::mimeseal")


if __name__ == "__main__":
    main()
