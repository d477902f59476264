"""Run tests again and again while every core has something else to do: `make flaky FILE=tests/…`."""

import argparse
import multiprocessing
import os
import subprocess
import sys
import time


def burn() -> None:
    while True:
        pass


def main() -> int:
    """Run the file `--times` times and return 1 when it failed once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="+")
    parser.add_argument("--times", type=int, default=20)
    options = parser.parse_args()
    for _ in range(os.cpu_count() or 1):
        multiprocessing.Process(target=burn, daemon=True).start()
    failures = 0
    for number in range(1, options.times + 1):
        begin = time.monotonic()
        run = subprocess.run([sys.executable, "-m", "pytest", "-q", *options.file], check=False)
        failures += run.returncode != 0
        print(f"{number} of {options.times}: {time.monotonic() - begin:.0f} s, {failures} failed", flush=True)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
